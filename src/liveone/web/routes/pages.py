"""The pages: overview, a dashboard a system, administration, sign-in, the API's description; their files."""

import gzip
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, RedirectResponse

from liveone.accounts.external.failures import SignInProblem
from liveone.accounts.external.identities import has_password
from liveone.accounts.second_steps import PASSKEY
from liveone.domain.system import System
from liveone.domain.zones import zone_of
from liveone.errors import LiveOneError
from liveone.store import aggregates
from liveone.store.database import StoreError
from liveone.store.store import Store
from liveone.web.answers import ApiError, http_error, invalid, log, plain
from liveone.web.auth import sessions
from liveone.web.auth.access import allowed, asking, chosen, gate_of, services_of, systems_for
from liveone.web.auth.callers import Caller, is_signed_in
from liveone.web.auth.rights import Right, may
from liveone.web.base_path import base_of
from liveone.web.now.cards import Cards
from liveone.web.now.data import identity, overview
from liveone.web.now.readings_json import iso_or_none
from liveone.web.openapi.statuses import with_failures
from liveone.web.pages import files, first_values
from liveone.web.pages.shell import PageShell
from liveone.web.routes.elsewhere import own_page
from liveone.web.routes.joining import address_of_caller, show_shared
from liveone.web.services import Services

router = APIRouter(include_in_schema=False)
QUICKLY = 3
"""The level of compression: half a millisecond for a page of one system."""

MOVED = {
    "/sign-in": "/login",
    "/setup": "/admin?ask=add",
    "/admin/systems": "/admin",
    "/admin/users": "/admin?part=people",
    "/admin/storage": "/admin?part=storage",
    "/admin/activity": "/admin?part=health",
}
MACHINES = ("/api/", "/static/")
"""Below these nobody expects a page."""

FOR_EVER = "public, max-age=31536000, immutable"
Snapshot = Mapping[str, Any]


@router.get("/")
async def root(request: Request) -> Response:
    """To the caller's only system, or to the overview of all; without any it says what to do."""
    caller = await _caller(request)
    if caller is None:
        return _to_login("/")
    try:
        found = await run_in_threadpool(systems_for, services_of(request).store, caller)
    except StoreError as error:
        return _away(request, error)
    return RedirectResponse(f"/dashboard/{found[0].id}" if len(found) == 1 else "/dashboard", 307)


@router.get("/dashboard")
async def all_systems(request: Request) -> Response:
    """Every system at a glance."""
    return await _guarded(request, "overview.html", partial(_overview, request.app.state.cards))


@router.get("/dashboard/{system_id}")
async def dashboard(request: Request, system_id: int) -> Response:
    """One system; its newest values are in the page. One that the caller may not see is not there: 404."""

    def snapshot(services: Services, caller: Caller) -> Snapshot:
        return _of_system(services, caller, system_id)

    return await _guarded(request, "dashboard.html", snapshot)


@router.get("/admin")
async def administration(request: Request) -> Response:
    """Systems, storage, backups, migrations, polling."""
    return await _guarded(request, "admin.html", _administration)


@router.get("/login")
async def login(request: Request) -> Response:
    """Only what the form needs to know; whoever is signed in goes on to the page that was asked for."""
    gate, asked = gate_of(request), request.query_params
    then = own_page(asked.get("next", "/"))
    if await _is_known(request):
        return RedirectResponse(then, 303)
    places = gate.settings.issuers
    failed_at = next((one.config.label for one in places if one.config.name == asked.get("with")), "")
    problem = next((one.value for one in SignInProblem if one.value == asked.get("problem")), "")
    return _html(
        request,
        "login.html",
        {
            "accounts": any(map(has_password, gate.snapshot.accounts.values())),
            "owner": bool(gate.settings.auth_password),
            "passkeys": any(one.kind == PASSKEY for one in gate.snapshot.steps),
            "next": then,
            "places": _places(request, next=then),
            "problem": problem if failed_at else "",
            "failedAt": failed_at,
            "shareEnded": _has_ended_share(request),
        },
    )


@router.get("/me")
async def me(request: Request) -> Response:
    """A person's own: name, password, sessions, tokens, and what they share."""
    return await _guarded(request, "me.html", _administration)


@router.get("/join")
async def join(request: Request) -> Response:
    """Behind a link that is used once: joining, a new password."""
    return await _once(request)


@router.get("/s/{token}")
async def shared(request: Request, token: str) -> Response:
    """Behind a share link: its system, after its password where it has one."""
    gate, clock = gate_of(request), services_of(request).clock
    await gate.refresh()
    found = gate.shared(token, clock.now_at())
    if found is None or found.system_id is None:
        return _html(request, "welcome.html", {"link": "ended", "places": []}, status=404)
    if await _is_known(request):
        caller = await asking(request)
        if not may(caller, Right.SEE, found.system_id):
            return _html(request, "welcome.html", {"link": "signedIn", "places": []})
        return RedirectResponse(f"/dashboard/{found.system_id}", 303)
    if found.password_hash:
        return _html(request, "welcome.html", {"link": "share", "places": []})
    opened = RedirectResponse(f"/dashboard/{found.system_id}", 303)
    show_shared(request, opened, token, found)
    return opened


@router.get("/setup")
async def setup(request: Request) -> Response:
    """Behind the link that `serve` prints: the owner's account. Without it as the original service had it."""
    if "token" in request.query_params:
        return await _once(request)
    return RedirectResponse(MOVED["/setup"], 308)


async def _once(request: Request) -> Response:
    """The page behind a link that is used once, with the places by which one may join besides a password.

    ``signedInAs``: the address of who is signed in here already, and may accept an invitation as they are.
    """
    token = request.query_params.get("token", "")[:100]
    signed_in_as = await address_of_caller(request) if await _is_known(request) else None
    known = {"signedInAs": signed_in_as, "places": _places(request, link=token)}
    return _html(request, "welcome.html", {"link": "once", **known})


def _places(request: Request, **asked: str) -> list[Mapping[str, str]]:
    """Where to sign in besides here: ``title`` and the ``path`` that leads there."""
    configured = [one.config for one in gate_of(request).settings.issuers if one.config.client_id]
    query = urlencode(asked)
    return [{"title": one.label, "path": f"/login/with/{one.name}?{query}"} for one in configured]


@router.get("/sign-in")
@router.get("/admin/systems")
@router.get("/admin/users")
@router.get("/admin/storage")
@router.get("/admin/activity")
async def moved(request: Request) -> Response:
    """Addresses of the original service that people have as bookmarks."""
    return RedirectResponse(MOVED[request.url.path], 308)


@router.get("/docs")
async def docs(request: Request) -> Response:
    return _html(request, "docs.html", {})


@router.get("/openapi.json")
async def description(request: Request) -> Response:
    """The API's description, with the address that its paths are below."""
    return JSONResponse(
        with_failures(request.app.openapi()) | {"servers": [{"url": base_of(request) or "/"}]}
    )


@router.get("/offline")
async def offline(request: Request) -> Response:
    """What the service worker keeps and shows when this server cannot be reached; holds no values."""
    return _html(request, "offline.html", {})


@router.get("/service-worker.js")
async def service_worker(request: Request) -> Response:
    """At the top, because a worker serves what lies below its own address."""
    return _file(request, "js/service-worker.js")


@router.get("/favicon.ico")
async def favicon(request: Request) -> Response:
    return _file(request, "icon.svg")


@router.get("/static/{path:path}")
async def static(request: Request, path: str) -> Response:
    """A file; under the name of this release (``v-...``) browsers may keep it for ever."""
    release, _, rest = path.partition("/")
    if release != f"v-{_shell(request).version}":
        return _file(request, rest if release.startswith("v-") else path)
    answer = _file(request, rest)
    answer.headers["cache-control"] = FOR_EVER
    return answer


def _frame(services: Services, caller: Caller, found: Sequence[System]) -> Snapshot:
    """What every page needs: who asks, and the systems to choose from."""
    return {
        "signedIn": is_signed_in(caller),
        "isShared": caller.kind == "share",
        "isPerson": may(caller, Right.PERSON),
        "isAdmin": caller.is_admin,
        "release": services.release,
        "cadenceS": services.cadence_s,
        "now": services.clock.now_at(),
        "systems": [
            {"id": system.id, "isActive": system.is_active, **identity(system, zone_of(system))}
            for system in found
        ],
    }


def _administration(services: Services, caller: Caller) -> Snapshot:
    return _frame(services, caller, systems_for(services.store, caller))


def _overview(cards: Cards, services: Services, caller: Caller) -> Snapshot:
    found = systems_for(services.store, caller)
    newest = cards.of(found, services.clock.now_at(), at_once=True)
    return {**_frame(services, caller, found), "cards": newest}


def _of_system(services: Services, caller: Caller, system_id: int) -> Snapshot:
    found = systems_for(services.store, caller)
    return {**_frame(services, caller, found), **_known(services, found, system_id)}


def _known(services: Services, found: Sequence[System], system_id: int) -> Snapshot:
    """``data`` is the answer of /api/data, or what it would refuse with; ``extent`` is when the first and the
    newest reading were taken."""
    nothing: Snapshot = {"first": None, "last": None}
    try:
        system = chosen(found, str(system_id))
        data = overview(services, system, services.clock.now_at())
        return {"data": data, "extent": _extent(services.store, system)}
    except ApiError as error:
        refused = {"error": str(error), "status": error.status, **error.more}
    except LiveOneError as error:
        refused = {"error": plain(error), "status": 503}
    return {"data": refused, "extent": nothing}


def _extent(store: Store, system: System) -> Snapshot:
    start_at, end_at = aggregates.extent(store, system.id) or (None, None)
    zone = zone_of(system)
    first_at = None if start_at is None else start_at + 1
    return {"first": iso_or_none(zone, first_at), "last": iso_or_none(zone, end_at)}


async def _guarded(request: Request, name: str, snapshot: Callable[[Services, Caller], Snapshot]) -> Response:
    try:
        caller = await _caller(request)
    except ApiError as error:
        if error.status != 404:
            raise
        return await not_found(request, HTTPException(404))
    if caller is None:
        asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return _to_login(asked)
    try:
        found = await run_in_threadpool(snapshot, services_of(request), caller)
    except StoreError as error:
        return _away(request, error)
    if found.get("data", {}).get("status") == 404:
        return await not_found(request, HTTPException(404))
    return _html(request, name, found)


def _away(request: Request, error: StoreError) -> Response:
    """For people the page while the database does not answer, which tries again by itself.

    Other errors, and everything that a machine is told, are raised: the one error shape.
    """
    if not error.retryable or not _is_read(request):
        raise error
    log.warning("the database refused a page: %s", error)
    answer = _html(request, "away.html", {}, status=503)
    answer.headers["retry-after"] = "5"
    return answer


def missing(request: Request) -> Response:
    """The page for an address at which there is nothing."""
    return _html(request, "missing.html", {}, status=404)


async def not_found(request: Request, error: Exception) -> Response:
    """A page for people, the one error shape for machines."""
    path = request.url.path
    if path.endswith("/") and not path.startswith(("//", *MACHINES)) and _is_read(request):
        query = f"?{request.url.query}" if request.url.query else ""
        return RedirectResponse(path.rstrip("/") + query, 308)
    return missing(request) if _is_read(request) else await http_error(request, error)


async def not_understood(request: Request, error: Exception) -> Response:
    """A page's address with a number that is none is no address."""
    return missing(request) if _is_read(request) else await invalid(request, error)


def _is_read(request: Request) -> bool:
    """Whether a person looks at the answer: browsers say that they take HTML, other clients do not."""
    return not request.url.path.startswith(MACHINES) and "text/html" in request.headers.get("accept", "")


def _html(request: Request, name: str, snapshot: Snapshot, *, status: int = 200) -> Response:
    shell = _shell(request)
    asked = request.query_params.get("lang") or request.cookies.get("lang")
    accepted = request.headers.get("accept-language", "")
    language = shell.language(asked, accepted)
    locale = shell.locale(language, accepted)
    texts = first_values.values(snapshot.get("data", {}), locale)
    root = base_of(request)
    cards = first_values.cards(snapshot, locale)
    body = shell.page(name, language, snapshot, texts, cards, root=root)
    headers = {"cache-control": "no-store", "vary": "accept-language, cookie, accept-encoding"}
    if "gzip" in request.headers.get("accept-encoding", ""):
        body, headers["content-encoding"] = gzip.compress(body, QUICKLY, mtime=0), "gzip"
    return Response(body, status, headers=headers, media_type="text/html; charset=utf-8")


def _shell(request: Request) -> PageShell:
    shell = request.app.state.shell
    assert isinstance(shell, PageShell)
    return shell


def _file(request: Request, name: str) -> Response:
    file = request.app.state.files.get(name)
    if file is None or name.endswith(".html"):
        raise HTTPException(404)
    root = base_of(request)
    return files.respond(request, files.below(root, file) if root and name == files.MANIFEST else file)


async def _caller(request: Request) -> Caller | None:
    try:
        return await allowed(request)
    except ApiError as error:
        known = getattr(request.state, "caller", None)
        if error.status == 401 or (error.status == 403 and known is not None and known.kind == "share"):
            return None
        raise


async def _is_known(request: Request) -> bool:
    try:
        return (await asking(request)).kind != "share"
    except (ApiError, StoreError):
        return False


def _has_ended_share(request: Request) -> bool:
    """Whether this browser opened a share link that shows nothing any more."""
    cookie = request.cookies.get(sessions.SHARE_COOKIE, "")
    now_at = services_of(request).clock.now_at()
    return bool(cookie) and gate_of(request).shared(sessions.share_token(cookie), now_at) is None


def _to_login(then: str) -> Response:
    return RedirectResponse(f"/login?next={quote(then, safe='')}", 303)
