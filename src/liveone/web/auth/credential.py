"""What a request shows to be let in."""

from dataclasses import dataclass, field

from fastapi import Request

from liveone.web.auth import clerk_sessions, sessions

COOKIE = "auth-token"


@dataclass(frozen=True, slots=True)
class Credential:
    """What a request shows: a bearer token, or the text of a cookie of ours, or of Clerk's."""

    bearer: str | None = field(default=None, repr=False)
    session: str = field(default="", repr=False)
    secret: str | None = field(default=None, repr=False)
    share: str = field(default="", repr=False)
    clerk: str = field(default="", repr=False)


def credential_of(request: Request) -> Credential:
    """Everything that a request shows."""
    cookies = request.cookies
    return Credential(
        bearer=bearer_of(request),
        session=cookies.get(sessions.COOKIE, ""),
        secret=cookies.get(COOKIE),
        share=cookies.get(sessions.SHARE_COOKIE, ""),
        clerk=cookies.get(clerk_sessions.COOKIE, ""),
    )


def bearer_of(request: Request) -> str | None:
    """The token of the header Authorization."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return (token.strip() or None) if scheme.lower() == "bearer" else None
