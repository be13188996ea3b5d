"""Passwords and tokens as they are kept: never readable, and slow to guess where a person chose them.

A password is kept by Argon2id in its usual text form (``$argon2id$v=19$...``). Older ones are kept as
``scrypt$<log2 n>$<r>$<p>$<salt, base64>$<key, base64>`` until their person signs in. A token is random enough
for a plain SHA-256 in hexadecimal.
"""

import base64
import binascii
import hashlib
import hmac

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from liveone.errors import BadInput, sentence

PASSWORD_CHARACTERS_MIN = 8
PASSWORD_BYTES_MAX = 1024
KEY_BYTES = 32
MAX_LOG2_N, MAX_BLOCK, MAX_LANES = 17, 16, 16
_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
"""OWASP's recommendation for Argon2id: 19 MiB a guess; more would not fit a Raspberry Pi's process."""

DECOY = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5bm9ib2R5bm9ibw$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
"""Makes an unknown e-mail cost what a wrong password costs; no password matches it."""


def hash_password(password: str) -> str:
    """The text to keep for ``password``; never the same twice."""
    return _HASHER.hash(_bytes(password))


def verify_password(password: str, kept: str) -> bool:
    """Whether ``password`` is the one that ``kept`` was made of; False for a text we cannot read."""
    if len(_bytes(password)) > PASSWORD_BYTES_MAX:
        return False
    if kept.startswith("scrypt$"):
        return _verify_scrypt(password, kept)
    if not kept.isascii():
        return False
    try:
        return _HASHER.verify(kept, _bytes(password))
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(kept: str) -> bool:
    """Whether a password that was just verified should be kept anew."""
    return not kept.startswith("$argon2") or _HASHER.check_needs_rehash(kept)


def refuse_weak(password: str) -> None:
    """Raises BadInput for a password that nobody should have."""
    if len(password) < PASSWORD_CHARACTERS_MIN:
        raise BadInput(
            sentence("a password needs at least {count} characters", count=PASSWORD_CHARACTERS_MIN)
        )
    if len(_bytes(password)) > PASSWORD_BYTES_MAX:
        raise BadInput(sentence("a password may have at most {count} bytes", count=str(PASSWORD_BYTES_MAX)))


def same_password(offered: str, secret: str) -> bool:
    """Constant-time comparison of two plain texts."""
    return hmac.compare_digest(_bytes(offered), _bytes(secret))


def hash_token(token: str) -> str:
    """What is kept of a random secret: 64 hexadecimal digits."""
    return hashlib.sha256(_bytes(token)).hexdigest()


def _verify_scrypt(password: str, kept: str) -> bool:
    try:
        _, log2_n, block, lanes, salt_text, key_text = kept.split("$")
        cost = int(log2_n), int(block), int(lanes)
        salt, key = base64.b64decode(salt_text, validate=True), base64.b64decode(key_text, validate=True)
    except (ValueError, binascii.Error):
        return False
    return _bounded(cost) and hmac.compare_digest(_derive(password, salt, *cost), key)


def _bounded(cost: tuple[int, int, int]) -> bool:
    return 1 <= cost[0] <= MAX_LOG2_N and 1 <= cost[1] <= MAX_BLOCK and 1 <= cost[2] <= MAX_LANES


def _derive(password: str, salt: bytes, log2_n: int, block: int, lanes: int) -> bytes:
    n = 1 << log2_n
    need_bytes = 128 * block * (n + lanes + 2)
    return hashlib.scrypt(
        _bytes(password), salt=salt, n=n, r=block, p=lanes, maxmem=need_bytes * 2, dklen=KEY_BYTES
    )


def _bytes(text: str) -> bytes:
    """JSON may carry half a surrogate pair, which plain UTF-8 refuses."""
    return text.encode("utf-8", "surrogatepass")
