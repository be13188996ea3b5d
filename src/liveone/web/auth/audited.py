"""The audit log's entries for requests that change something, by route; some routes write their own."""

from fastapi import Request, Response
from starlette.concurrency import run_in_threadpool

from liveone.accounts import audit
from liveone.web.auth.access import gate_of, services_of
from liveone.web.auth.callers import Caller, address_of

AUDITED = {
    ("POST", "/api/admin/systems"): "added a system",
    ("POST", "/api/setup"): "added a system",
    ("PATCH", "/api/admin/systems/{system_id}"): "changed a system",
    ("DELETE", "/api/admin/systems/{system_id}"): "removed a system",
    ("POST", "/api/admin/systems/{system_id}/import"): "imported readings",
    ("POST", "/api/admin/systems/{system_id}/readings"): "took readings out",
    ("POST", "/api/admin/changes/{change_id}/undo"): "took a change of readings back",
    ("POST", "/api/admin/systems/{system_id}/sources"): "added a source",
    ("DELETE", "/api/admin/systems/{system_id}/sources/{name}"): "removed a source",
    ("PATCH", "/api/systems/{system_id}/points/{point_id}"): "changed a point",
    ("POST", "/api/cron/daily"): "computed days anew",
    ("POST", "/api/admin/backups"): "made a backup",
    ("GET", "/api/admin/backups/{name}"): "downloaded a backup",
    ("POST", "/api/admin/backups/{name}/restore"): "put a backup back",
}
WORDS = {"system_id": "system", "change_id": "change", "point_id": "point", "name": ""}
"""Part of an address -> its name in the log."""


def only_tried(request: Request) -> None:
    """Mark a request as a dry run, so that it is not logged."""
    request.state.is_tried = True


def about(request: Request, name: str) -> None:
    """Name what a request made or changed, if its address does not."""
    request.state.about = name


async def entered(request: Request, answer: Response) -> None:
    """Log what a request did, if it succeeded."""
    what = AUDITED.get((request.method, request.scope["route"].path))
    caller = getattr(request.state, "caller", None)
    is_tried = getattr(request.state, "is_tried", False)
    if what is None or answer.status_code >= 400 or is_tried or not isinstance(caller, Caller):
        return
    named = [f"{WORDS.get(name, name)} {text}".strip() for name, text in request.path_params.items()]
    named += filter(None, [getattr(request.state, "about", "")])
    await run_in_threadpool(_note, request, caller.name, what, ", ".join(named))


def _note(request: Request, who: str, what: str, named: str) -> None:
    gate, now_at = gate_of(request), services_of(request).clock.now_at()
    audit.note(gate.people, who, what, named, address=address_of(request), now_at=now_at)
