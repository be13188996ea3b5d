"""JSON of an issuer: one total deadline, a bound on the answer, no redirect followed."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

import orjson

from liveone.accounts.external.failures import SignInFailed, SignInProblem
from liveone.settings.sign_in import LOOPBACK
from liveone.vendors.base import VendorError
from liveone.vendors.http import Http
from timed_http.deadline import Deadline

FETCH_S = 8.0
FORM = ("content-type", "application/x-www-form-urlencoded")


def fetch_json(
    url: str, *, form: Mapping[str, str] | None = None, headers: tuple[tuple[str, str], ...] = ()
) -> dict[str, Any]:
    """The JSON object at ``url``, asked by GET, or by POST with a form. Raises SignInFailed (AWAY)."""
    parts = urlsplit(url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    method, body = ("GET", None) if form is None else ("POST", urlencode(form).encode())
    sent = (("accept", "application/json"), *headers, *((FORM,) if form is not None else ()))
    http = Http(f"{parts.scheme}://{parts.netloc}", verify_tls=True)
    try:
        answer = http.request(method, path, deadline=Deadline(FETCH_S), headers=sent, body=body)
    except VendorError as error:
        raise SignInFailed(SignInProblem.AWAY, str(error.args[0])) from None
    finally:
        http.close()
    if answer.status != 200:
        raise SignInFailed(SignInProblem.AWAY, f"{http.host}{parts.path} answers {answer.status}")
    return _object(answer.body, f"{http.host}{parts.path}")


def is_allowed(url: object, issuer: str) -> bool:
    """Whether an address that an issuer names may be asked: over TLS, or on this machine if it is there."""
    if not isinstance(url, str):
        return False
    parts = urlsplit(url)
    if parts.scheme == "https":
        return bool(parts.hostname)
    return parts.scheme == "http" and parts.hostname in LOOPBACK and issuer.startswith("http:")


def _object(body: bytes, where: str) -> dict[str, Any]:
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict):
        raise SignInFailed(SignInProblem.AWAY, f"{where} answers no JSON object")
    return found
