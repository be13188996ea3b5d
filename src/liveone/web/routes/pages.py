"""The pages: a dashboard a system, the sign-in page, the API's description; plain files, no templates."""

from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse

from liveone.web import files
from liveone.web.access import gate_of, services_of, systems_for
from liveone.web.answers import ApiError
from liveone.web.auth import Caller

router = APIRouter(include_in_schema=False)


@router.get("/")
async def root(request: Request) -> Response:
    """To the caller's first system; without any, the page itself says what to do."""
    caller = _caller(request)
    if caller is None:
        return _to_login("/")
    found = await run_in_threadpool(systems_for, services_of(request).store, caller)
    return RedirectResponse(f"/dashboard/{found[0].id}", 307) if found else _page(request, "dashboard.html")


@router.get("/dashboard/{system_id}")
async def dashboard(request: Request, system_id: int) -> Response:
    """The shell of the page; its script asks the API, which decides what the caller may see."""
    return _page(request, "dashboard.html") if _caller(request) else _to_login(f"/dashboard/{system_id}")


@router.get("/login")
async def login(request: Request) -> Response:
    return _page(request, "login.html")


@router.get("/docs")
async def docs(request: Request) -> Response:
    return _page(request, "docs.html")


@router.get("/favicon.ico")
async def favicon(request: Request) -> Response:
    return _page(request, "icon.svg")


@router.get("/static/{path:path}")
async def static(request: Request, path: str) -> Response:
    return _page(request, path)


def _page(request: Request, name: str) -> Response:
    file = request.app.state.files.get(name)
    if file is None:
        raise HTTPException(404)
    return files.respond(request, file)


def _caller(request: Request) -> Caller | None:
    clock = services_of(request).clock
    try:
        return gate_of(request).caller(request, now_at=clock.now_at(), now_s=clock.monotonic_s())
    except ApiError as error:
        if error.status == 401:
            return None
        raise


def _to_login(then: str) -> Response:
    return RedirectResponse(f"/login?next={quote(then, safe='')}", 303)
