"""Login sessions: the cookie is the session, signed with the server's key, and known by an identifier.

A cookie is ``<payload>.<signature>``; the payload names the session, the account and when it ends. The
signature also covers a fingerprint of the account's password, so a changed password ends every session.
A device cookie is left in a browser that signed in: it opens nothing, but tells the owner from a stranger.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
from dataclasses import dataclass

import orjson

COOKIE, DEVICE_COOKIE = "liveone-session", "liveone-device"
LIFETIME_S, DEVICE_LIFETIME_S = 30 * 86_400, 365 * 86_400
MAX_COOKIE_CHARS = 1024
ID_BYTES = 16


@dataclass(frozen=True, slots=True)
class LoginSession:
    """What a cookie says, unproven until ``proven`` has seen it. ``until_at`` is in UTC epoch seconds."""

    id: str
    account: str
    until_at: int


def issue(key: bytes, account: str, password: str, *, now_at: float) -> str:
    """A session for ``account`` that ends after LIFETIME_S; ``password`` is the kept form, or the secret."""
    session = {"i": secrets.token_urlsafe(ID_BYTES), "a": account, "e": int(now_at) + LIFETIME_S}
    payload = _encode(orjson.dumps(session))
    return f"{payload}.{_sign(key, payload, password)}"


def claimed(cookie: str) -> LoginSession | None:
    """What the cookie claims, unproven; None for a text that is no session."""
    if len(cookie) > MAX_COOKIE_CHARS:
        return None
    payload, _, _ = cookie.partition(".")
    try:
        claims = orjson.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return LoginSession(str(claims["i"]), str(claims["a"]), int(claims["e"]))
    except (ValueError, TypeError, KeyError, binascii.Error):
        return None


def proven(key: bytes, cookie: str, password: str, *, now_at: float) -> LoginSession | None:
    """The session of a genuine cookie whose time is not over."""
    session = claimed(cookie)
    payload, _, signature = cookie.partition(".")
    if session is None or now_at >= session.until_at:
        return None
    genuine = hmac.compare_digest(signature.encode(), _sign(key, payload, password).encode())
    return session if genuine else None


def device_for(key: bytes, account: str) -> str:
    """A cookie for a browser in which ``account`` has signed in."""
    payload = _encode(secrets.token_bytes(ID_BYTES))
    return f"{payload}.{_sign(key, payload, f'device of {account}')}"


def device_of(key: bytes, cookie: str, account: str) -> str | None:
    """The id of the browser, if ``account`` has signed in there before."""
    payload, _, signature = cookie[:MAX_COOKIE_CHARS].partition(".")
    wanted = _sign(key, payload, f"device of {account}")
    return payload if hmac.compare_digest(signature.encode(), wanted.encode()) else None


def _sign(key: bytes, payload: str, password: str) -> str:
    fingerprint = hashlib.sha256(password.encode()).digest()
    return _encode(hmac.digest(key, fingerprint + payload.encode(), "sha256"))


def _encode(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
