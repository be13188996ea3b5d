"""The account directory of an identity provider: Clerk's backend API, ``GET /v1/users/{id}``.

Shapes as Clerk documents them: 200 is a user object (``object``, ``id``, ``email_addresses``, ``banned``,
``locked``); every refusal is ``{"errors": [{"code", "message", "long_message"}], "clerk_trace_id"}``. An
unknown id is 404 ``resource_not_found``, too many requests 429 with ``Retry-After`` in seconds.

Rule: the secret key goes into one header, to one host, over TLS (plain HTTP only to this machine), and into
no message. Tries, waiting and the size of an answer are bounded; a 404 that is not Clerk's proves nothing.
"""

import re
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlsplit

import httpx2
import orjson
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    stop_before_delay,
    wait_exponential,
)

from liveone import __version__
from liveone.accounts.directory import DirectoryAccount, DirectoryRefused, DirectoryUnavailable
from liveone.clock import SystemClock
from liveone.errors import ConfigError
from liveone.settings.sign_in import LOOPBACK
from timed_http.certificates import trusted

URL = "https://api.clerk.com"
TRIES = 4
REQUEST_S = 5.0
TOTAL_S = 20.0
"""All tries for one id, waiting included: less than the time the migration plan allows its check."""
BODY_BYTES_MAX = 1_000_000
NOT_FOUND = "resource_not_found"
_MONOTONIC_S = SystemClock().monotonic_s


class _Again(Exception):
    """This try failed in a way that another may not; ``wait_s`` is what the server asked for."""

    def __init__(self, reason: str, wait_s: float | None = None) -> None:
        super().__init__(reason)
        self.wait_s = wait_s


class ClerkDirectory:
    """Asks Clerk. Its ``repr`` shows no key; safe to use from any thread.

    Raises ConfigError for a key or address that cannot be used.
    """

    label = "Clerk"

    def __init__(
        self, secret_key: str, *, url: str = URL, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        if not re.fullmatch(r"[\x21-\x7e]+", secret_key):
            raise ConfigError(
                "CLERK_SECRET_KEY is empty or holds characters that no key has",
                hint="Copy it again from Clerk's dashboard: API keys, Secret keys (sk_live_...).",
            )
        self._headers = {
            "authorization": f"Bearer {secret_key}",
            "accept": "application/json",
            "user-agent": f"liveone/{__version__}",
        }
        self._url, self._sleep = _checked(url), sleep

    def find(self, account_id: str) -> DirectoryAccount | None:
        """The account of that id, None when Clerk knows none. Raises DirectoryError, within TOTAL_S."""
        ends_s = _MONOTONIC_S() + TOTAL_S
        path = f"/v1/users/{quote(account_id, safe='')}"
        again = Retrying(
            retry=retry_if_exception_type(_Again),
            stop=stop_after_attempt(TRIES) | stop_before_delay(TOTAL_S),
            wait=_wait_s,
            sleep=self._sleep,
            reraise=True,
        )
        try:
            return again(self._ask, path, account_id, ends_s)
        except _Again as reason:
            raise DirectoryUnavailable(
                f"Clerk could not be asked about {account_id!r}: {reason}",
                hint="Nothing is known about the account. Try again; see https://status.clerk.com.",
            ) from None

    def _ask(self, path: str, account_id: str, ends_s: float) -> DirectoryAccount | None:
        status, headers, body = self._get(path, ends_s)
        if status == 429:
            raise _Again("it answers 429, too many requests", _seconds(headers.get("retry-after", "")))
        if status >= 500:
            raise _Again(f"it answers {status}")
        content = _object(body)
        codes = _codes(content)
        if status == 404 and NOT_FOUND in codes:
            return None
        if status in (401, 403):
            raise DirectoryRefused(
                f"Clerk does not accept CLERK_SECRET_KEY (status {status}{_said(codes)})",
                hint="Check that it is the secret key (sk_...) of this application and environment.",
            )
        if status == 200 and content.get("object") == "user" and content.get("id") == account_id:
            return _account(account_id, content)
        raise DirectoryUnavailable(
            f"{urlsplit(self._url).netloc} does not answer as Clerk does (status {status}{_said(codes)})",
            hint="Check CLERK_API_URL, and that no proxy stands in between.",
        )

    def _get(self, path: str, ends_s: float) -> tuple[int, httpx2.Headers, bytes]:
        """Status, headers and body of one request; the body may be cut off at BODY_BYTES_MAX."""
        request_ends_s = min(_MONOTONIC_S() + REQUEST_S, ends_s)
        body = bytearray()
        try:
            with (
                self._client(request_ends_s - _MONOTONIC_S()) as client,
                client.stream("GET", self._url + path, headers=self._headers) as answer,
            ):
                for part in answer.iter_bytes():
                    body += part
                    if len(body) > BODY_BYTES_MAX or _MONOTONIC_S() > request_ends_s:
                        raise _Again("its answer does not end")
                return answer.status_code, answer.headers, bytes(body)
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
            raise _Again(f"{type(error).__name__}: {error}") from None

    def _client(self, timeout_s: float) -> httpx2.Client:
        """Plain HTTP never goes through a proxy, which would read the key."""
        return httpx2.Client(
            trust_env=self._url.startswith("https:"), timeout=max(0.1, timeout_s), verify=trusted()
        )


def _wait_s(state: RetryCallState) -> float:
    """As long as Clerk asks for, else longer each time."""
    error = state.outcome.exception() if state.outcome else None
    asked_s = error.wait_s if isinstance(error, _Again) else None
    return wait_exponential(0.25)(state) if asked_s is None else asked_s


def _checked(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
        raise ConfigError(
            f"CLERK_API_URL={url!r}: the secret key is sent over https only", hint=f"It is usually {URL}."
        )
    return url.rstrip("/")


def _account(account_id: str, user: dict[str, Any]) -> DirectoryAccount:
    barred = next((word for word in ("banned", "locked") if user.get(word) is True), "")
    address = _address(user)
    verification = address.get("verification")
    is_verified = isinstance(verification, dict) and verification.get("status") == "verified"
    return DirectoryAccount(account_id, str(address.get("email_address") or ""), barred, is_verified)


def _address(user: dict[str, Any]) -> dict[str, Any]:
    """The primary e-mail address, or the first; empty where there is none."""
    addresses = [each for each in user.get("email_addresses") or () if isinstance(each, dict)]
    primary = [each for each in addresses if each.get("id") == user.get("primary_email_address_id")]
    return next(iter(primary or addresses), {})


def _object(body: bytes) -> dict[str, Any]:
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return content if isinstance(content, dict) else {}


def _codes(content: dict[str, Any]) -> list[str]:
    errors = content.get("errors")
    found = (
        [str(each.get("code")) for each in errors if isinstance(each, dict)]
        if isinstance(errors, list)
        else []
    )
    return [code for code in found if re.fullmatch(r"[a-z_]{1,60}", code)]


def _said(codes: list[str]) -> str:
    return f", {', '.join(codes)}" if codes else ""


def _seconds(text: str) -> float | None:
    return float(text) if re.fullmatch(r"[0-9]{1,6}", text.strip()) else None
