"""Imports and repairs of readings for administrators: a file sent, looked at, imported; all of it undone."""

import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from liveone.web.answers import ApiError, answer
from liveone.web.auth.access import AllowedCaller, ServicesDep
from liveone.web.auth.audited import only_tried
from liveone.web.auth.before_body import AskedFirst
from liveone.web.bodies import UPLOAD_BYTES_MAX
from liveone.web.openapi.models import DONE, RequestModel
from liveone.web.routes.administration import known_system
from liveone.web.services import DailyJob, FileOrder, Repairs, Services, SpanOrder

router = APIRouter(route_class=AskedFirst, prefix="/api/admin", tags=["admin"])
Text = Annotated[str, Field(max_length=200)]


class UploadOptions(RequestModel):
    """The options of `liveone import`; ``map`` may come again: `PV power=solar_w`."""

    name: Text = "upload.csv"
    format: Text = "auto"
    map: Annotated[list[Text], Field(default_factory=list)]
    timezone: Text = ""
    dateOrder: Literal["", "dmy", "mdy"] = ""  # noqa: N815
    energyUnit: Text = ""  # noqa: N815
    powerUnit: Text = ""  # noqa: N815
    encoding: Text = ""
    replace: bool = False
    dryRun: bool = False  # noqa: N815

    def order(self, made_by: str) -> FileOrder:
        return FileOrder(
            name=self.name,
            made_by=made_by,
            layout=self.format,
            maps=tuple(self.map),
            zone=self.timezone,
            date_order=self.dateOrder,
            energy_unit=self.energyUnit,
            power_unit=self.powerUnit,
            encoding=self.encoding,
            replaces=self.replace,
            is_dry_run=self.dryRun,
        )


class Span(RequestModel):
    """``from`` and ``to`` are local days or instants, both included."""

    first: Annotated[str, Field(alias="from", max_length=40)]
    last: Annotated[str, Field(alias="to", max_length=40)]
    kind: Literal["forget", "exclude"] = "forget"
    columns: Annotated[list[Annotated[str, Field(max_length=40)]], Field(default_factory=list)]
    reason: Text = ""
    dryRun: bool = False  # noqa: N815

    def order(self, made_by: str) -> SpanOrder:
        return SpanOrder(
            kind=self.kind,
            first=self.first,
            last=self.last,
            made_by=made_by,
            columns=tuple(self.columns),
            reason=self.reason,
            is_dry_run=self.dryRun,
        )


@dataclass(frozen=True, slots=True)
class RepairContext:
    """What a repair is done with, and who asks for it."""

    repairs: Repairs
    services: Services
    made_by: str

    async def days(self, system_id: int) -> list[dict[str, Any]]:
        """Compute the days anew that a change opened."""
        return [asdict(one) for one in await self.services.daily(DailyJob("catchup", system_id=system_id))]


async def _repair_context(caller: AllowedCaller, services: ServicesDep) -> RepairContext:
    if services.repairs is None:
        raise ApiError(503, "This server was started without its imports.", success=False)
    return RepairContext(services.repairs, services, caller.account or "the administrator")


Repairing = Annotated[RepairContext, Depends(_repair_context)]


def _there(caller: AllowedCaller, services: ServicesDep, system_id: int) -> int:
    """The id of a system that there is. It is asked before the body, which may be large, is read."""
    del caller
    return known_system(services, system_id).id


SystemId = Annotated[int, Depends(_there)]


@router.get("/changes", summary="Imports and repairs", responses=DONE)
def changes(context: Repairing) -> Response:
    """What was imported, replaced, forgotten and excluded, newest first; and what files can be."""
    return answer({"success": True, "changes": context.repairs.changes(), **context.repairs.choices()})


@router.post("/changes/{change_id}/undo", summary="Take a change back", responses=DONE)
async def undo(context: Repairing, change_id: int) -> Response:
    """What it added goes, what it took away or replaced is as it was; days are computed anew."""
    done = await run_in_threadpool(context.repairs.undo, change_id, context.made_by)
    return answer({"success": True, "change": done, "recomputed": await context.days(done["systemId"])})


@router.post("/systems/{system_id}/import", summary="Import a file", responses=DONE)
async def import_file(
    request: Request, context: Repairing, system_id: SystemId, file: Annotated[UploadOptions, Query()]
) -> Response:
    """The body is the file. `dryRun` says what would come in, and writes nothing."""
    order = file.order(context.made_by)
    with tempfile.TemporaryDirectory(prefix="liveone-import-") as folder:
        path = Path(folder) / f"file{'.json' if order.name.lower().endswith('.json') else '.csv'}"
        await _receive(request, path)
        done = await run_in_threadpool(context.repairs.import_file, system_id, path, order)
    if order.is_dry_run:
        only_tried(request)
    wrote = not order.is_dry_run and (done["new"] or done["replaced"])
    return answer({"success": True, **done, "recomputed": await context.days(system_id) if wrote else []})


@router.post("/systems/{system_id}/readings", summary="Forget or exclude readings", responses=DONE)
async def take_out(request: Request, context: Repairing, system_id: SystemId, span: Span) -> Response:
    """`forget` takes them out, `exclude` keeps them out of later imports too; both can be undone."""
    order = span.order(context.made_by)
    done = await run_in_threadpool(context.repairs.take_out, system_id, order)
    if span.dryRun:
        only_tried(request)
    days = [] if span.dryRun else await context.days(system_id)
    return answer({"success": True, "done": done, "recomputed": days})


async def _receive(request: Request, path: Path) -> None:
    """The body into a file, as it comes. Raises ApiError 413 where it is too large."""
    size = 0
    with path.open("wb") as file:
        async for piece in request.stream():
            size += len(piece)
            if size > UPLOAD_BYTES_MAX:
                raise ApiError(
                    413, f"The file is larger than {UPLOAD_BYTES_MAX:,} bytes.", hint="Use `liveone import`."
                )
            file.write(piece)
