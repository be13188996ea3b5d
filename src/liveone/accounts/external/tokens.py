"""Signed tokens: an ID token of an issuer, a session token of Clerk. Pure, but for the keys that are kept.

RS256 and ES256 alone; the algorithm follows from the key, and what a token's header says of keys elsewhere
(``jwk``, ``jku``, ``x5u``) is not looked at. joserfc and cryptography are loaded when a token is proven.
"""

from collections.abc import Collection, Mapping
from typing import Any

import orjson
from itsdangerous import BadData
from itsdangerous.encoding import base64_decode

from liveone.accounts.external.failures import SignInFailed, SignInProblem
from liveone.accounts.external.keys import IssuerKeys

SKEW_S = 60
TOKEN_CHARS_MAX = 16_000
SUBJECT_CHARS_MAX = 255
ACCEPTED = ("RS256", "ES256")
Claims = Mapping[str, Any]


def key_id_of(token: str) -> str | None:
    """The key that a token names, unproven. Raises SignInFailed for a text that is no token."""
    header = header_of(token)
    key_id = header.get("kid")
    return key_id if isinstance(key_id, str) else None


def header_of(token: str) -> dict[str, Any]:
    """A token's header, unproven. Raises SignInFailed for a text that is no token."""
    if len(token) > TOKEN_CHARS_MAX or token.count(".") != 2 or not token.isascii():
        raise invalid("it is no signed token")
    try:
        header = orjson.loads(base64_decode(token.partition(".")[0]))
    except (ValueError, BadData):
        raise invalid("its header cannot be read") from None
    if not isinstance(header, dict):
        raise invalid("its header is no object")
    return header


def proven_claims(token: str, keys: IssuerKeys, *, issuer: str, now_at: float) -> Claims:
    """What a token says, if a key of the issuer signed it and its time is now. Raises SignInFailed."""
    from joserfc import jws
    from joserfc.errors import JoseError

    key, registry = keys.find(key_id_of(token)), jws.JWSRegistry(strict_check_header=False)
    if key is None:
        raise invalid("it names a key that the issuer has not")
    try:
        payload = jws.deserialize_compact(token, key, registry=registry, algorithms=ACCEPTED).payload
        claims = orjson.loads(payload or b"")
    except (JoseError, ValueError, TypeError) as error:
        raise invalid(f"{type(error).__name__}: {error}"[:200]) from None
    if not isinstance(claims, dict) or claims.get("iss") != issuer:
        raise invalid("another issuer made it")
    _check_times(claims, now_at)
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= SUBJECT_CHARS_MAX:
        raise invalid("it names nobody")
    return claims


def check_audience(claims: Claims, client_id: str, nonce: str) -> None:
    """An ID token is for us, and for this attempt. Raises SignInFailed."""
    audience = claims.get("aud")
    named = [audience] if isinstance(audience, str) else audience
    if not isinstance(named, list) or client_id not in named:
        raise invalid("it is for another audience")
    party = claims.get("azp")
    if party != client_id and (party is not None or len(named) > 1):
        raise invalid("another party may use it")
    if claims.get("nonce") != nonce:
        raise invalid("it is of another attempt to sign in")


def check_clerk_session(claims: Claims, parties: Collection[str], *, from_cookie: bool) -> None:
    """A session token of Clerk, made for a page of ours. Raises SignInFailed.

    Clerk's other tokens have the same issuer, keys and subject: an ID token has an audience, an access token
    of OAuth names no session. ``azp`` is the origin that the browser named; programs have none.
    """
    if not isinstance(claims.get("sid"), str) or "aud" in claims or "client_id" in claims:
        raise invalid("it is no session token")
    if claims.get("sts") not in (None, "active"):
        raise invalid("its session is not active yet")
    party = claims.get("azp")
    if party not in parties and (from_cookie or party is not None):
        raise invalid(f"the party {str(party)[:100]!r} is not among authorized_parties")


def invalid(why: str) -> SignInFailed:
    """A token that proves nothing."""
    return SignInFailed(SignInProblem.INVALID, f"the token does not hold: {why}")


def _check_times(claims: Claims, now_at: float) -> None:
    expires, begins = claims.get("exp"), claims.get("nbf", 0)
    issued = claims.get("iat", 0)
    if not all(type(one) in (int, float) for one in (expires, begins, issued)):
        raise invalid("it does not say when it holds")
    if now_at >= float(str(expires)) + SKEW_S:
        raise invalid("its time is over")
    if max(begins, issued) > now_at + SKEW_S:
        raise invalid("its time has not come")
