"""One POST to a receiver, its answer in words."""

from urllib.parse import urlsplit

from liveone.outgoing.outlet import NotLikeThis, NotNow
from liveone.vendors.base import RateLimited, VendorError
from liveone.vendors.http import Http
from liveone.vendors.redact import redact_text
from timed_http.deadline import BoundedBackend, Deadline

TIMEOUT_S = 20.0
SETTINGS_WAIT_S = 300.0
"""So long nothing is sent to who refuses the credentials, or has no such database: a person must act."""

NEVER = (400, 413, 422)
PERSON = (401, 403, 404, 405, 410)


class Receiver:
    """A server to which bodies are posted. Its address may hold a path and a query."""

    def __init__(self, url: str, *, verify_tls: bool, network: BoundedBackend | None = None) -> None:
        parts = urlsplit(url)
        self.host = parts.netloc
        self._path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._http = Http(f"{parts.scheme}://{parts.netloc}", verify_tls=verify_tls, network=network)

    def post(self, body: bytes, headers: tuple[tuple[str, str], ...], *, secrets: tuple[str, ...]) -> None:
        """Returns once the receiver has taken it. Raises NotNow or NotLikeThis."""
        try:
            answer = self._http.request(
                "POST", self._path, deadline=Deadline(TIMEOUT_S), headers=headers, body=body
            )
        except RateLimited as error:
            raise NotNow(error.args[0], retry_after_s=error.retry_after_s) from None
        except VendorError as error:
            raise NotNow(error.args[0]) from None
        if 200 <= answer.status < 300:
            return
        said = f"{self.host} answered {answer.status}: {redact_text(answer.text, secrets, longest=200)}"
        if answer.status in NEVER:
            raise NotLikeThis(said)
        raise NotNow(said, retry_after_s=SETTINGS_WAIT_S if answer.status in PERSON else None)

    def close(self) -> None:
        """Release connections."""
        self._http.close()
