"""A stand-in for an issuer of OpenID Connect, over HTTP, that signs real tokens with real keys.

It speaks the documented shapes: the discovery document, ``/authorize`` (which signs ``signed_in`` in at once
and sends the browser back), ``/token`` (code with PKCE and the client's secret), ``/userinfo``, ``/jwks``. A
test changes ``claims``, ``header``, ``keys`` and ``troubles`` to make it lie.
"""

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, quote, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey
from joserfc.jws import JWSRegistry

CLIENT, SECRET = "liveone", "a secret: with/signs"
Key = RSAKey | ECKey


def rsa(kid: str) -> RSAKey:
    """A new RSA key of that id."""
    return RSAKey.generate_key(2048, {"kid": kid, "use": "sig", "alg": "RS256"})


def ec(kid: str) -> ECKey:
    """A new key on P-256 of that id."""
    return ECKey.generate_key("P-256", {"kid": kid, "use": "sig", "alg": "ES256"})


@dataclass
class IssuerStandIn:
    """``claims`` and ``header`` override what a token says; ``now_at`` is its clock; ``asked`` paths so far.

    ``troubles`` by path: a status, ``hang``, ``huge``, ``html``, ``redirect``.
    """

    url: str = ""
    key: Key = field(default_factory=lambda: rsa("one"))
    published: list[dict[str, object]] | None = None
    claims: dict[str, object] = field(default_factory=dict)
    header: dict[str, object] = field(default_factory=dict)
    document: dict[str, object] = field(default_factory=dict)
    userinfo: dict[str, object] | None = None
    signed_in: str = "ann-7"
    now_at: float = field(default_factory=time.time)
    troubles: dict[str, int | str] = field(default_factory=dict)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    id_token: str = ""

    @property
    def algorithm(self) -> str:
        return "RS256" if isinstance(self.key, RSAKey) else "ES256"

    def sign(self, claims: dict[str, object], **header: object) -> str:
        """A token with these claims, by the current key."""
        stated = {"alg": self.algorithm, "kid": self.key.kid, **header}
        registry = JWSRegistry(algorithms=[self.algorithm], strict_check_header=False)
        return jwt.encode(stated, claims, self.key, registry=registry)

    def session(self, subject: str, party: str | None = None, **claims: object) -> str:
        """A session token as Clerk's are, for a minute."""
        now = int(self.now_at)
        said = {
            "iss": self.url,
            "sub": subject,
            "sid": "sess_1",
            "iat": now,
            "nbf": now - 10,
            "exp": now + 60,
        }
        if party is not None:
            said["azp"] = party
        return self.sign({**said, "v": 2, "sts": "active", **claims}, cat="cl_B7d4PD111AAA", typ="JWT")

    def described(self) -> dict[str, object]:
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "userinfo_endpoint": f"{self.url}/userinfo",
            "jwks_uri": f"{self.url}/jwks",
            "response_types_supported": ["code"],
            "id_token_signing_alg_values_supported": ["RS256", "ES256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
            **self.document,
        }

    def key_set(self) -> dict[str, object]:
        return {"keys": [self.key.as_dict(private=False)] if self.published is None else self.published}

    def authorized(self, asked: dict[str, str]) -> str:
        """Where a browser is sent back to."""
        code = secrets.token_urlsafe(8)
        self.codes[code] = asked
        return (
            f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state'], 'iss': self.url})}"
        )

    def exchanged(self, form: dict[str, str], authorization: str) -> dict[str, object] | None:
        """The tokens for a code; None for whoever may not have them."""
        asked = self.codes.pop(form.get("code", ""), None)
        pair = base64.b64encode(f"{quote(CLIENT, safe='')}:{quote(SECRET, safe='')}".encode()).decode()
        challenge = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if (
            asked is None
            or authorization != f"Basic {pair}"
            or form.get("redirect_uri") != asked["redirect_uri"]
            or base64.urlsafe_b64encode(challenge).rstrip(b"=").decode() != asked["code_challenge"]
        ):
            return None
        now = int(self.now_at)
        said = {
            "iss": self.url,
            "sub": self.signed_in,
            "aud": CLIENT,
            "iat": now,
            "exp": now + 300,
            "nonce": asked["nonce"],
            **self.claims,
        }
        token = self.id_token or self.sign({k: v for k, v in said.items() if v is not None}, **self.header)
        return {"access_token": "access-1", "token_type": "Bearer", "expires_in": 300, "id_token": token}


@contextmanager
def running(**settings: object) -> Iterator[IssuerStandIn]:
    """A stand-in that listens on a free port of this machine."""
    state = IssuerStandIn(**settings)  # type: ignore[arg-type]
    done = threading.Event()

    class Desk(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
            if self._troubled(parts.path):
                return
            if parts.path == "/authorize":
                self._say(302, b"", state.authorized(asked))
            elif parts.path == "/.well-known/openid-configuration":
                self._json(state.described())
            elif parts.path == "/jwks":
                self._json(state.key_set())
            elif parts.path == "/userinfo" and self.headers["authorization"] == "Bearer access-1":
                self._json(state.userinfo or {"sub": state.signed_in})
            else:
                self._say(404, b"{}")

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            form = {name: values[0] for name, values in parse_qs(body).items()}
            if self._troubled(self.path):
                return
            given = state.exchanged(form, self.headers.get("authorization", ""))
            self._json(given) if given else self._say(400, b'{"error": "invalid_grant"}')

        def _troubled(self, path: str) -> bool:
            state.asked.append(path)
            trouble = state.troubles.get(path)
            if trouble == "hang":
                done.wait(30)
            elif trouble == "huge":
                self._say(200, b'{"keys": [' + b" " * 10_000_000 + b"]}")
            elif trouble == "html":
                self._say(200, b"<html>maintenance</html>")
            elif trouble == "redirect":
                self._say(302, b"", f"{state.url}/elsewhere")
            elif isinstance(trouble, int):
                self._say(trouble, b"{}")
            return trouble is not None

        def _json(self, found: dict[str, object]) -> None:
            self._say(200, json.dumps(found).encode())

        def _say(self, status: int, body: bytes, location: str = "") -> None:
            try:
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                if location:
                    self.send_header("location", location)
                self.end_headers()
                self.wfile.write(body)
            except OSError:
                return

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Desk)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield state
    finally:
        done.set()
        server.shutdown()
        server.server_close()
        thread.join()
