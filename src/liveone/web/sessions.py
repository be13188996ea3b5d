"""Login sessions without a table: the cookie is the session, signed with the server's key.

A cookie is ``<payload>.<signature>``; the payload names the account and when the session ends. The
signature also covers a fingerprint of the account's password, so a changed password ends every session.
"""

import base64
import binascii
import hashlib
import hmac

import orjson

COOKIE = "liveone-session"
LIFETIME_S = 30 * 86_400
MAX_COOKIE_CHARS = 1024


def issue(key: bytes, account: str, password: str, *, now_at: float) -> str:
    """A session for ``account`` that ends after LIFETIME_S; ``password`` is the kept form, or the secret."""
    payload = _encode(orjson.dumps({"a": account, "e": int(now_at) + LIFETIME_S}))
    return f"{payload}.{_sign(key, payload, password)}"


def account_of(cookie: str) -> str | None:
    """Whose session the cookie claims to be, unproven; None for a text that is no session."""
    claims = _claims(cookie)
    return claims[0] if claims else None


def ends_at(key: bytes, cookie: str, password: str, *, now_at: float) -> int | None:
    """When a genuine session ends (UTC epoch seconds); None for a forged or ended one."""
    claims = _claims(cookie)
    if claims is None:
        return None
    payload, _, signature = cookie.partition(".")
    genuine = hmac.compare_digest(signature.encode(), _sign(key, payload, password).encode())
    return claims[1] if genuine and now_at < claims[1] else None


def _claims(cookie: str) -> tuple[str, int] | None:
    if len(cookie) > MAX_COOKIE_CHARS:
        return None
    payload, _, _ = cookie.partition(".")
    try:
        claims = orjson.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return str(claims["a"]), int(claims["e"])
    except (ValueError, TypeError, KeyError, binascii.Error):
        return None


def _sign(key: bytes, payload: str, password: str) -> str:
    fingerprint = hashlib.sha256(password.encode()).digest()
    return _encode(hmac.digest(key, fingerprint + payload.encode(), "sha256"))


def _encode(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
