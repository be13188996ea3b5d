"""What the API says: JSON bytes built by ourselves, and one shape for every error.

An error is ``{"success": false, "error": "...", ...}`` with the right status; whatever raises ends here.
"""

import gzip
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from liveone.errors import LiveOneError, Sentence, parts_of, said
from liveone.store.database import StoreError

log = logging.getLogger("liveone.web")

JSON = "application/json"
SMALL_BYTES, COMPRESSION = 2000, 1
KINDS = ("str", "int")
"""How the validator calls the types between which a field may choose."""
NO_OBJECT = "The body must be a JSON object, sent with Content-Type: application/json."
NO_STORE = {"cache-control": "no-store"}


class ApiError(Exception):
    """An answer other than success: ``status``, a plain sentence, and more fields for a program."""

    def __init__(
        self, status: int, message: str, *, headers: Mapping[str, str] | None = None, **more: Any
    ) -> None:
        super().__init__(message)
        self.status, self.more, self.headers = status, more, dict(headers or {})


def bad_parameter(parameter: str, message: str) -> ApiError:
    """400 naming the parameter."""
    return ApiError(400, message, parameter=parameter)


def answer(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """``body`` as JSON; never cached unless ``headers`` say otherwise."""
    content = orjson.dumps(body, option=orjson.OPT_NON_STR_KEYS)
    return Response(content, status, NO_STORE | dict(headers or {}), media_type=JSON)


@dataclass(frozen=True, slots=True)
class Tagged:
    """An answer's bytes, and a tag that changes only when what it says does."""

    body: bytes
    etag: str


def tagged(request: Request, found: Tagged, media_type: str = JSON) -> Response:
    """An answer that is ready: 304 where the client has it, compressed where a network is in between."""
    body, etag = found.body, found.etag
    headers = {"etag": etag, "cache-control": "private, no-cache", "vary": "accept, accept-encoding, cookie"}
    if client_has(request, etag):
        return Response(status_code=304, headers=headers)
    if _worth_compressing(request, body):
        body = gzip.compress(body, compresslevel=COMPRESSION, mtime=0)
        headers["content-encoding"] = "gzip"
    return Response(body, headers=headers, media_type=media_type)


def client_has(request: Request, etag: str) -> bool:
    """Whether the client keeps that version; a proxy that compressed it writes ``W/`` before the tag."""
    return etag in request.headers.get("if-none-match", "")


def _worth_compressing(request: Request, body: bytes) -> bool:
    """Compressing costs more than loopback; a proxy on this machine compresses better than we would."""
    far = request.client is not None and not request.client.host.startswith(("127.", "::1"))
    return far and len(body) >= SMALL_BYTES and "gzip" in request.headers.get("accept-encoding", "")


def error_answer(error: ApiError) -> Response:
    """``success`` is what clients of the original service look at; ``said`` is for other languages."""
    message, hint = error.args[0], error.more.get("hint") or ""
    is_sentence = any(isinstance(text, Sentence) for text in (message, hint))
    parts = {"said": _in_parts(message, hint)} if is_sentence else {}
    return answer({"success": False, "error": message, **parts, **error.more}, error.status, error.headers)


def install(app: FastAPI) -> None:
    """Give every kind of failure the one shape."""
    app.add_exception_handler(ApiError, _on_api_error)
    app.add_exception_handler(HTTPException, http_error)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(LiveOneError, _on_liveone_error)


def store_error(error: StoreError) -> ApiError:
    """503 with the plain reason: whatever is wrong with the database, the request itself was right."""
    message, hint = plain(error), error.hint
    headers = {"retry-after": "5"} if error.retryable else None
    return ApiError(503, message, headers=headers, hint=hint)


def plain(error: LiveOneError) -> str:
    """The first line of what went wrong, without the hint."""
    return str(error.args[0]).partition("\n")[0]


async def _on_api_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)
    return error_answer(error)


async def http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    text = {404: f"There is nothing at {request.url.path}", 405: f"{request.method} is not allowed here"}
    message = text.get(error.status_code, error.detail or HTTPStatus(error.status_code).phrase)
    return error_answer(ApiError(error.status_code, message, headers=error.headers))


async def invalid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    parts = [str(part) for part in first["loc"][1:]]
    # Of a field that may be of several types the place ends in one of them, which nobody sent.
    named = parts[:-1] if parts[1:] and parts[-1] in KINDS else parts
    place = ".".join(named) or str(first["loc"][0])
    if first["type"] == "json_invalid" or place == "body":
        return error_answer(ApiError(422, NO_OBJECT, parameter="body"))
    return error_answer(ApiError(422, f"{place}: {first['msg']}", parameter=place))


async def _on_liveone_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, LiveOneError)
    if isinstance(error, StoreError):
        log.warning("the database refused a request: %s", error)
        return error_answer(store_error(error))
    parts = _in_parts(said(error), error.hint)
    return error_answer(ApiError(400, plain(error), hint=error.hint, said=parts))


def _in_parts(message: str, hint: str) -> dict[str, Any]:
    """Templates and what fills their blanks, for a page to say them in its reader's language."""
    return {"error": parts_of(message), "hint": parts_of(hint)}
