"""An issuer of OpenID Connect: where to send people, and who it says has come back (code flow with PKCE)."""

import base64
import hashlib
import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from liveone.accounts.external.failures import SignInFailed, SignInProblem
from liveone.accounts.external.fetch import fetch_json, is_allowed
from liveone.accounts.external.keys import IssuerKeys
from liveone.accounts.external.tokens import (
    Claims,
    check_audience,
    check_clerk_session,
    header_of,
    key_id_of,
    proven_claims,
)
from liveone.clock import Clock
from liveone.settings.sign_in import SignInConfig

DISCOVERY = "/.well-known/openid-configuration"
DISCOVERED_S, FAILED_S = 3600.0, 10.0
"""How long a description holds, and how long one that was not to be had is not asked for again."""
SCOPE = "openid email profile"
ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")


@dataclass(frozen=True, slots=True)
class SignInAttempt:
    """What one attempt to sign in is known by, from the way out to the way back."""

    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ExternalPerson:
    """Whom an issuer names. ``email`` is empty unless the issuer calls it verified."""

    issuer: str
    subject: str
    email: str = ""
    name: str = ""


def new_attempt() -> SignInAttempt:
    """Three secrets that nobody guesses."""
    return SignInAttempt(*(secrets.token_urlsafe(32) for _ in range(3)))


class Issuer:
    """One issuer; nothing is asked before it is needed. Safe to call from any thread."""

    def __init__(self, config: SignInConfig, clock: Clock) -> None:
        self.config, self._clock = config, clock
        self.keys = IssuerKeys(self._key_set, clock)
        self._lock = threading.Lock()
        self._found: Mapping[str, Any] = {}
        self._found_s = float("-inf")
        self._failed: SignInFailed | None = None

    def address(self, attempt: SignInAttempt, redirect_uri: str) -> str:
        """Where to send a browser. Raises SignInFailed (AWAY)."""
        challenge = base64.urlsafe_b64encode(hashlib.sha256(attempt.verifier.encode()).digest())
        asked = {
            "response_type": "code",
            "client_id": self.config.client_id,
            "redirect_uri": redirect_uri,
            "scope": SCOPE,
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": challenge.rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        endpoint = str(self._discovered()["authorization_endpoint"])
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(asked)}"

    def person(self, code: str, attempt: SignInAttempt, redirect_uri: str) -> ExternalPerson:
        """Who came back with a code. Raises SignInFailed."""
        given = self._exchanged(code, attempt, redirect_uri)
        token = given.get("id_token")
        if not isinstance(token, str):
            raise SignInFailed(SignInProblem.INVALID, "the issuer gave no ID token")
        claims = self._proven(token)
        check_audience(claims, self.config.client_id, attempt.nonce)
        return self._described(claims, given.get("access_token"))

    def session_claims(self, token: str, *, from_cookie: bool) -> Claims:
        """What a session token of Clerk says. Asks nobody. Raises SignInFailed."""
        if header_of(token).get("typ", "JWT") != "JWT":
            raise SignInFailed(SignInProblem.INVALID, "it is no session token")
        claims = proven_claims(token, self.keys, issuer=self.config.issuer, now_at=self._clock.now_at())
        check_clerk_session(claims, self.config.authorized_parties, from_cookie=from_cookie)
        return claims

    def learn_key(self, token: str) -> None:
        """Fetch the keys where a token names one that is not there. Raises SignInFailed."""
        if self.keys.lacks(key_id_of(token)):
            self.keys.refresh()

    def _proven(self, token: str) -> Claims:
        self.learn_key(token)
        return proven_claims(token, self.keys, issuer=self.config.issuer, now_at=self._clock.now_at())

    def _exchanged(self, code: str, attempt: SignInAttempt, redirect_uri: str) -> dict[str, Any]:
        found, config = self._discovered(), self.config
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": attempt.verifier,
        }
        headers: tuple[tuple[str, str], ...] = ()
        methods = found.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        if config.client_secret and "client_secret_basic" in methods:
            pair = f"{quote(config.client_id, safe='')}:{quote(config.client_secret, safe='')}"
            headers = (("authorization", f"Basic {base64.b64encode(pair.encode()).decode()}"),)
        else:
            form["client_id"] = config.client_id
            if config.client_secret:
                form["client_secret"] = config.client_secret
        return fetch_json(str(found["token_endpoint"]), form=form, headers=headers)

    def _described(self, claims: Claims, access_token: object) -> ExternalPerson:
        """Who it is; what the ID token leaves out is asked at the issuer's userinfo."""
        endpoint = self._discovered().get("userinfo_endpoint")
        if (
            "email" not in claims
            and isinstance(access_token, str)
            and is_allowed(endpoint, self.config.issuer)
        ):
            bearer = ("authorization", f"Bearer {access_token}")
            more = fetch_json(str(endpoint), headers=(bearer,))
            if more.get("sub") != claims["sub"]:
                raise SignInFailed(SignInProblem.INVALID, "userinfo is of somebody else")
            claims = {**more, **claims}
        email = claims.get("email") if claims.get("email_verified") is True else ""
        name = claims.get("name")
        return ExternalPerson(
            self.config.issuer,
            str(claims["sub"]),
            email if isinstance(email, str) else "",
            name if isinstance(name, str) else "",
        )

    def _key_set(self) -> Mapping[str, Any]:
        return fetch_json(str(self._discovered()["jwks_uri"]))

    def _discovered(self) -> Mapping[str, Any]:
        """The issuer's description of itself. Raises SignInFailed (AWAY)."""
        with self._lock:
            age_s = self._clock.monotonic_s() - self._found_s
            if self._failed is not None and age_s <= FAILED_S:
                raise self._failed
            if self._failed is not None or age_s > DISCOVERED_S:
                self._ask()
            return self._found

    def _ask(self) -> None:
        try:
            self._found, self._failed = self._asked(), None
        except SignInFailed as failed:
            self._failed = failed
            raise
        finally:
            self._found_s = self._clock.monotonic_s()

    def _asked(self) -> Mapping[str, Any]:
        issuer = self.config.issuer
        found = fetch_json(issuer.rstrip("/") + DISCOVERY)
        if found.get("issuer") != issuer:
            raise SignInFailed(
                SignInProblem.AWAY,
                f"[[sign_in]] {self.config.name}: the issuer calls itself {str(found.get('issuer'))[:200]!r}",
            )
        wrong = next((one for one in ENDPOINTS if not is_allowed(found.get(one), issuer)), None)
        if wrong:
            raise SignInFailed(SignInProblem.AWAY, f"{issuer}: its {wrong} is no https address")
        return found
