"""Login sessions: the cookie is the session, signed with the server's key, and known by an identifier.

A cookie is ``<payload>.<signature>``; the payload names the session, the account and when it ends. The
signature also covers a fingerprint of the account's password, so a changed password ends every session.
Where the database keeps accounts, its row there must be present too: without it, the session is over.
A device cookie is left in a browser that signed in: it opens nothing, but tells the owner from a stranger.
"""

import hashlib
import secrets
from dataclasses import dataclass

import orjson
from itsdangerous import BadData, Signer
from itsdangerous.encoding import base64_decode, base64_encode

COOKIE, DEVICE_COOKIE, SHARE_COOKIE = "liveone-session", "liveone-device", "liveone-share"
LIFETIME_S, DEVICE_LIFETIME_S = 30 * 86_400, 365 * 86_400
MAX_COOKIE_CHARS = 1024
ID_BYTES = 16


@dataclass(frozen=True, slots=True)
class LoginSession:
    """What a cookie says, unproven until ``proven`` has seen it. ``until_at`` is in UTC epoch seconds.

    ``is_kept``: the database has its row; False where it could not be written, None in cookies of old.
    """

    id: str
    account: str
    until_at: int
    is_kept: bool | None = None


def begin(account: str, now_at: float, *, is_kept: bool) -> LoginSession:
    """A new session of ``account``, never one that was there: it ends after LIFETIME_S."""
    return LoginSession(secrets.token_urlsafe(ID_BYTES), account, int(now_at) + LIFETIME_S, is_kept)


def cookie_of(key: bytes, session: LoginSession, password: str) -> str:
    """The cookie of a session; ``password`` is the kept form, or the secret."""
    claims = {"i": session.id, "a": session.account, "e": session.until_at, "k": session.is_kept}
    return _signer(key, password).sign(base64_encode(orjson.dumps(claims))).decode()


def claimed(cookie: str) -> LoginSession | None:
    """What the cookie claims, unproven; None for a text that is no session."""
    if len(cookie) > MAX_COOKIE_CHARS:
        return None
    payload, _, _ = cookie.rpartition(".")
    try:
        claims = orjson.loads(base64_decode(payload))
        is_kept = claims.get("k")
        return LoginSession(
            str(claims["i"]), str(claims["a"]), int(claims["e"]), None if is_kept is None else bool(is_kept)
        )
    except (ValueError, TypeError, KeyError, AttributeError, BadData):
        return None


def proven(key: bytes, cookie: str, password: str, *, now_at: float) -> LoginSession | None:
    """The session of a genuine cookie whose time is not over."""
    session = claimed(cookie)
    if session is None or now_at >= session.until_at:
        return None
    return session if _signer(key, password).validate(cookie) else None


def device_for(key: bytes, account: str) -> str:
    """A cookie for a browser in which ``account`` has signed in."""
    return _signer(key, f"device of {account}").sign(secrets.token_urlsafe(ID_BYTES)).decode()


def device_of(key: bytes, cookie: str, account: str) -> str | None:
    """The id of the browser, if ``account`` has signed in there before."""
    known = len(cookie) <= MAX_COOKIE_CHARS and _signer(key, f"device of {account}").validate(cookie)
    return cookie.rpartition(".")[0] if known else None


def share_for(key: bytes, token: str, password: str) -> str:
    """A cookie for a browser that opened a share link; ``password`` is the kept form of the link's own."""
    return _signer(key, f"share {password}").sign(token).decode()


def share_token(cookie: str) -> str:
    """The token of a share link that such a cookie holds, unproven; empty where it holds none."""
    return cookie.rpartition(".")[0]


def is_share(key: bytes, cookie: str, password: str) -> bool:
    """Whether a browser opened the share link with this password."""
    return len(cookie) <= MAX_COOKIE_CHARS and _signer(key, f"share {password}").validate(cookie)


def seal(key: bytes, purpose: str, content: bytes) -> str:
    """A text of ours that a browser keeps for a while: signed, not hidden."""
    return _signer(key, purpose).sign(base64_encode(content)).decode()


def unseal(key: bytes, purpose: str, text: str) -> bytes | None:
    """The content of a genuine text of ``seal``."""
    try:
        return base64_decode(_signer(key, purpose).unsign(text))
    except BadData:
        return None


def fingerprint(text: str) -> bytes:
    """32 bytes that stand for a text and do not tell it."""
    return hashlib.sha256(text.encode()).digest()


def _signer(key: bytes, purpose: str) -> Signer:
    """HMAC-SHA256 with a key for each purpose: what was signed for one proves nothing for another."""
    return Signer(key, salt=fingerprint(purpose), key_derivation="hmac", digest_method=hashlib.sha256)
