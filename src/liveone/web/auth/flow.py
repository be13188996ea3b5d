"""An attempt to sign in elsewhere, kept by the browser that began it: in a signed cookie, for ten minutes.

Rule: an attempt is good for one sign-in. What a browser shows twice is refused, on every process. Nothing is
remembered of an attempt that came to nothing: strangers make as many as they like.
"""

from dataclasses import asdict, dataclass

import orjson

from liveone.accounts.external.issuer import SignInAttempt
from liveone.web.auth import sessions
from liveone.web.auth.ended_sessions import EndedSessions

COOKIE = "liveone-sign-in"
LIFETIME_S = 600
PURPOSE = "sign in elsewhere"
COOKIE_CHARS_MAX = 4000


@dataclass(frozen=True, slots=True)
class SignInFlow:
    """``issuer`` is the name of the place, ``then`` the page to show afterwards. ``account``: who is signed
    in already, and connects the identity. ``link``: the secret of the invitation that was followed."""

    issuer: str
    attempt: SignInAttempt
    then: str
    until_at: int
    account: str = ""
    link: str = ""


def cookie_of(key: bytes, flow: SignInFlow) -> str:
    """The cookie that brings an attempt back."""
    return sessions.seal(key, PURPOSE, orjson.dumps(asdict(flow)))


def returned(
    key: bytes, cookie: str, *, issuer: str, state: str, now_at: float, used: EndedSessions
) -> SignInFlow | None:
    """The attempt of a genuine cookie with this state that was not used up; else None."""
    content = sessions.unseal(key, PURPOSE, cookie) if len(cookie) <= COOKIE_CHARS_MAX else None
    if content is None:
        return None
    stated = orjson.loads(content)
    flow = SignInFlow(**{**stated, "attempt": SignInAttempt(**stated["attempt"])})
    is_theirs = (flow.issuer, flow.attempt.state) == (issuer, state)
    if not is_theirs or now_at >= flow.until_at or used.has(state):
        return None
    return flow


def use_up(flow: SignInFlow, *, now_at: float, used: EndedSessions) -> bool:
    """The issuer named somebody: the attempt is over. False: it was already."""
    return used.add(flow.attempt.state, flow.until_at, now_at=now_at)
