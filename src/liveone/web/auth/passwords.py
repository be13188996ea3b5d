"""Passwords and tokens as they are kept: never readable, and slow to guess where a person chose them.

Text form of a password: ``scrypt$<log2 n>$<r>$<p>$<salt, base64>$<key, base64>``. A token is random
enough for a plain SHA-256 in hexadecimal.
"""

import base64
import binascii
import hashlib
import hmac
import secrets

LOG2_N, BLOCK, LANES = 14, 8, 5
"""OWASP's recommendation of 16 MiB a guess; more would not fit a Raspberry Pi's process."""

SALT_BYTES, KEY_BYTES = 16, 32
MAX_LOG2_N, MAX_BLOCK, MAX_LANES = 17, 16, 16
MAX_PASSWORD_BYTES = 1024


def hash_password(password: str) -> str:
    """The text to keep for ``password``; never the same twice."""
    salt = secrets.token_bytes(SALT_BYTES)
    key = _derive(password, salt, LOG2_N, BLOCK, LANES)
    return "$".join(("scrypt", str(LOG2_N), str(BLOCK), str(LANES), _text(salt), _text(key)))


def verify_password(password: str, kept: str) -> bool:
    """Whether ``password`` is the one that ``kept`` was made of; False for a text we cannot read."""
    try:
        scheme, log2_n, block, lanes, salt_text, key_text = kept.split("$")
        cost = int(log2_n), int(block), int(lanes)
        salt, key = base64.b64decode(salt_text, validate=True), base64.b64decode(key_text, validate=True)
    except (ValueError, binascii.Error):
        return False
    if scheme != "scrypt" or not _bounded(cost) or len(_bytes(password)) > MAX_PASSWORD_BYTES:
        return False
    return hmac.compare_digest(_derive(password, salt, *cost), key)


def same_password(offered: str, secret: str) -> bool:
    """Constant-time comparison of two plain texts."""
    return hmac.compare_digest(_bytes(offered), _bytes(secret))


def hash_token(token: str) -> str:
    """What is kept of a bearer token: 64 hexadecimal digits."""
    return hashlib.sha256(_bytes(token)).hexdigest()


def _bounded(cost: tuple[int, int, int]) -> bool:
    return 1 <= cost[0] <= MAX_LOG2_N and 1 <= cost[1] <= MAX_BLOCK and 1 <= cost[2] <= MAX_LANES


def _derive(password: str, salt: bytes, log2_n: int, block: int, lanes: int) -> bytes:
    n = 1 << log2_n
    need_bytes = 128 * block * (n + lanes + 2)
    return hashlib.scrypt(
        _bytes(password), salt=salt, n=n, r=block, p=lanes, maxmem=need_bytes * 2, dklen=KEY_BYTES
    )


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _bytes(text: str) -> bytes:
    """JSON may carry half a surrogate pair, which plain UTF-8 refuses."""
    return text.encode("utf-8", "surrogatepass")
