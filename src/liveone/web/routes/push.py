"""Readings that sources send by themselves: as JSON, or in InfluxDB's line protocol.

Rule: what is answered with success is in the database. Whoever is told to wait (429, 503) sends the same
again; sending anything twice changes nothing.
"""

import zlib
from base64 import b64decode
from binascii import Error
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from liveone.domain.averages import Timed
from liveone.domain.sources import HouseSource
from liveone.web.answers import ApiError, answer
from liveone.web.auth.access import Bearer, services_of
from liveone.web.openapi.models import DONE, Failure
from liveone.web.push.line_protocol import samples_of_lines
from liveone.web.push.values import SentTerms, samples_of
from liveone.web.services import AcceptedValues, Pushes

router = APIRouter(prefix="/api", tags=["push"])

UNPACKED_BYTES_MAX = 8_000_000
AT_ONCE, EACH = 8, 4
"""Requests that are worked on, and those of one source; more are told to come again."""

RETRY_AFTER_S = 1
RESPONSES: dict[int | str, dict[str, Any]] = {
    400: {
        "model": Failure,
        "description": "Something in it is wrong: the answer names the place; nothing was taken.",
    },
    401: {"model": Failure, "description": "No token of a source, or a wrong one."},
    413: {"model": Failure, "description": "Larger than 1 MB, or 8 MB unpacked."},
    429: {
        "model": Failure,
        "description": "Too much at once: send the same again after Retry-After seconds.",
    },
    503: {"model": Failure, "description": "The database does not take it now: send the same again later."},
}
EXAMPLE = {"at": "2026-06-01T12:00:00Z", "solar_w": 3120, "grid_w": -2379, "solar_kwh_total": 5200.3}
LINES_BODY: dict[str, Any] = {
    "requestBody": {
        "content": {"text/plain": {"example": "house solar_w=3120,grid_w=-2379 1764500000000000000"}}
    }
}
Precision = Annotated[str, Query(max_length=10, description="of the timestamps: ns, us, ms or s")]


class PushGate:
    """How many requests are worked on. Belongs to the event loop.

    A source that takes its time to send keeps no other one out.
    """

    def __init__(self) -> None:
        self._busy: Counter[int] = Counter()

    @contextmanager
    def place(self, source_id: int) -> Iterator[None]:
        """One of the places; raises ApiError 429 where there is none."""
        if self._busy.total() >= AT_ONCE or self._busy[source_id] >= EACH:
            raise ApiError(
                429,
                "Too much is sent at once.",
                headers={"retry-after": str(RETRY_AFTER_S)},
                hint="Send the same again in a second, or more readings in fewer requests.",
            )
        self._busy[source_id] += 1
        try:
            yield
        finally:
            self._busy[source_id] -= 1
            self._busy += Counter()  # forgets those with none


async def source_asking(request: Request, _bearer: Bearer = None) -> HouseSource:
    """The source whose token a request shows."""
    token = _token(request)
    if not token:
        raise ApiError(401, "Send the token of a source: Authorization: Bearer <token>.", headers=_CHALLENGE)
    source = await run_in_threadpool(_pushes(request).source_of, token)
    if source is None:
        raise ApiError(
            401,
            "That is no token of a source.",
            headers=_CHALLENGE,
            hint="`liveone sources add push` makes one.",
        )
    return source


Sender = Annotated[HouseSource, Depends(source_asking)]


@router.post(
    "/readings",
    summary="Send readings",
    responses=DONE | RESPONSES,
    openapi_extra={"requestBody": {"content": {"application/json": {"example": EXAMPLE}}}},
)
async def send(request: Request, source: Sender) -> Response:
    """One object or a list: `{"at": "2026-06-01T12:00:00Z", "solar_w": 3120, "grid_w": -2379}`.

    Powers in W and house signs (`battery_w` > 0 discharges, `grid_w` > 0 imports), counters `..._kwh_total`
    in kWh, `battery_soc_pct` in %. `at` may be left out (now), and any order will do; leave out what was not
    measured. All of it is taken, or nothing.
    """

    def read(body: bytes, terms: SentTerms) -> list[Timed]:
        try:
            return samples_of(orjson.loads(body), terms)
        except orjson.JSONDecodeError as error:
            raise ApiError(400, f"The body is not JSON: {error}.", parameter="body") from None

    return answer({"success": True, **asdict(await _taken(request, source, read))})


@router.post(
    "/write",
    summary="Send line protocol (InfluxDB 1)",
    status_code=204,
    responses=RESPONSES,
    openapi_extra=LINES_BODY,
)
@router.post(
    "/v2/write",
    summary="Send line protocol (InfluxDB 2)",
    status_code=204,
    responses=RESPONSES,
    openapi_extra=LINES_BODY,
)
async def write(request: Request, source: Sender, precision: Precision = "") -> Response:
    """`house solar_w=3120,grid_w=-2379 1764500000000000000`: measurement, tags, database, organisation and
    bucket may be anything. The token goes into `Authorization: Token ...`, or is the password. All of it is
    taken, or nothing.
    """

    def read(body: bytes, terms: SentTerms) -> list[Timed]:
        return samples_of_lines(body.decode("utf-8", "replace"), terms, precision=precision)

    await _taken(request, source, read)
    return Response(status_code=204)


async def _taken(
    request: Request, source: HouseSource, read: Callable[[bytes, SentTerms], list[Timed]]
) -> AcceptedValues:
    services, pushes = services_of(request), _pushes(request)
    with request.app.state.push_gate.place(source.id):
        body = await request.body()

        def take() -> AcceptedValues:
            terms = SentTerms(source, services.clock.now_at())
            samples = read(_unpacked(body, request.headers.get("content-encoding", "")), terms)
            return pushes.accept(source, samples) if samples else AcceptedValues(0, 0)

        return await run_in_threadpool(take)


def _pushes(request: Request) -> Pushes:
    pushes = services_of(request).pushes
    if pushes is None:
        raise ApiError(503, "This server takes no readings: its database token only reads.")
    return pushes


_CHALLENGE = {"www-authenticate": "Bearer"}


def _token(request: Request) -> str:
    """The token, wherever clients of InfluxDB and programs put it."""
    scheme, _, text = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() in ("bearer", "token"):
        name, separator, password = text.strip().partition(":")
        return password if separator else name
    if scheme.lower() == "basic":
        try:
            return b64decode(text, validate=True).decode().partition(":")[2]
        except (Error, UnicodeDecodeError):
            return ""
    return request.query_params.get("p", "")


def _unpacked(body: bytes, encoding: str) -> bytes:
    if encoding in ("", "identity"):
        return body
    if encoding != "gzip":
        raise ApiError(
            400, f"The content-encoding {encoding[:20]!r} is not taken.", hint="Use gzip, or none."
        )
    unpacking = zlib.decompressobj(wbits=31)
    try:
        found = unpacking.decompress(body, UNPACKED_BYTES_MAX)
    except zlib.error:
        raise ApiError(400, "The body is not gzip, as its content-encoding says.") from None
    if unpacking.unconsumed_tail:
        raise ApiError(413, f"The body is too large: at most {UNPACKED_BYTES_MAX:,} bytes unpacked.")
    if not unpacking.eof:
        raise ApiError(400, "The body ends in the middle.")
    return found
