"""Codes of an app (TOTP, RFC 6238): six digits, others every half minute, of a secret that both know."""

import base64
import binascii
import hmac
import secrets
from urllib.parse import quote, urlencode

STEP_S = 30
DIGITS = 6
SECRET_BYTES = 20
SECRET_CHARS = 32
DRIFT_STEPS = 1
"""Clocks differ: the code before and the one after count too."""
ISSUER = "LiveOne"


def new_secret() -> str:
    """160 random bits in base32, as apps take them."""
    return base64.b32encode(secrets.token_bytes(SECRET_BYTES)).decode()


def is_secret(text: str) -> bool:
    """Whether this is a secret as ``new_secret`` makes them."""
    try:
        return len(text) == SECRET_CHARS and len(base64.b32decode(text)) == SECRET_BYTES
    except (binascii.Error, ValueError):
        return False


def matching_step(secret: str, code: str, now_at: float) -> int | None:
    """The half minute (counted from the epoch) whose code this is, if it is now's or a neighbour's."""
    plain, now = "".join(code.split()), int(now_at) // STEP_S
    if len(plain) != DIGITS or not (plain.isascii() and plain.isdigit()):
        return None
    near = range(now - DRIFT_STEPS, now + DRIFT_STEPS + 1)
    return next((step for step in near if hmac.compare_digest(code_of(secret, step), plain)), None)


def code_of(secret: str, step: int) -> str:
    """The code of a half minute."""
    from cryptography.hazmat.primitives.hashes import SHA1
    from cryptography.hazmat.primitives.twofactor.totp import TOTP

    kept = TOTP(base64.b32decode(secret), DIGITS, SHA1(), STEP_S)
    return kept.generate(step * STEP_S).decode()


def address(secret: str, email: str) -> str:
    """What an app reads from the picture (otpauth://)."""
    named = quote(f"{ISSUER}:{email}", safe="@:")
    return f"otpauth://totp/{named}?{urlencode({'secret': secret, 'issuer': ISSUER})}"


def picture(text: str) -> list[str]:
    """A QR code of a text: lines of 0 and 1, with its quiet border."""
    import segno

    rows = segno.make(text, error="m", micro=False).matrix_iter(border=4)
    return ["".join("1" if dark else "0" for dark in row) for row in rows]
