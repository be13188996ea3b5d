"""What the audit log says of requests that change something, by route; what other routes note themselves."""

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
"""What a part of an address is called."""


def only_tried(request: Request) -> None:
    """This request shows what it would do: it is not entered."""
    request.state.is_tried = True


def about(request: Request, name: str) -> None:
    """What this request made or changed is called so, where its address does not say it."""
    request.state.about = name


async def entered(request: Request, answer: Response) -> None:
    """Enter what a request did, if it did it."""
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
