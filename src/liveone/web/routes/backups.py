"""Backups for administrators: made, looked into, downloaded, put back."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response
from starlette.responses import FileResponse

from liveone.web.answers import NO_STORE, ApiError, answer, plain
from liveone.web.auth.access import AllowedCaller, ServicesDep
from liveone.web.auth.before_body import AskedFirst
from liveone.web.openapi.models import DONE, Confirmed
from liveone.web.services import Backups

router = APIRouter(route_class=AskedFirst, prefix="/api/admin/backups", tags=["admin"])


async def _backups(_: AllowedCaller, services: ServicesDep) -> Backups:
    if services.backups is None:
        raise ApiError(503, "This server was started without its backups.")
    return services.backups


Folder = Annotated[Backups, Depends(_backups)]


@router.get("", summary="Backups", responses=DONE)
def backups(folder: Folder) -> Response:
    """Newest first; `making` is the one under way, `schedule` how often one is made by itself and how that
    went, `refusal` says why none can be put back here.
    """
    refusal = folder.restore_refusal()
    return answer(
        {
            "success": True,
            "backups": folder.found(),
            "making": folder.making(),
            "schedule": folder.schedule(),
            "freeBytes": folder.free_bytes(),
            "refusal": refusal and {"error": plain(refusal), "hint": refusal.hint},
        }
    )


@router.post("", summary="Make a backup", responses=DONE)
def back_up(folder: Folder) -> Response:
    """Copied while in use, checked, hashed, opened and counted; answers when it is done."""
    return answer({"success": True, "backup": folder.back_up()})


@router.get("/{name}", summary="Download a backup", responses=DONE)
def download(folder: Folder, name: str) -> Response:
    """An SQLite file."""
    return FileResponse(
        folder.file(name), media_type="application/vnd.sqlite3", filename=name, headers=NO_STORE
    )


@router.get("/{name}/contents", summary="What a backup holds", responses=DONE)
def contents(folder: Folder, name: str) -> Response:
    """Checks the file first; then its readings beside those of the database, a system a row."""
    return answer({"success": True, **folder.contents(name)})


@router.post("/{name}/restore", summary="Put a backup back", responses=DONE)
def restore(folder: Folder, name: str, order: Confirmed) -> Response:
    """What is there now is backed up first: `keptAs`. `confirm` must be the backup's name."""
    if order.confirm.strip() != name:
        raise ApiError(400, f"confirm must be {name!r}", parameter="confirm")
    return answer({"success": True, "restored": folder.restore(name)})
