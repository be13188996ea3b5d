"""The application: routes, the one error shape, the guard around everything."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError

import liveone
from liveone.accounts.people import People
from liveone.web import answers
from liveone.web.auth.callers import Authenticator
from liveone.web.base_path import BasePath
from liveone.web.guard import ConnectionGuard
from liveone.web.now.cards import Cards
from liveone.web.now.health import HealthCheck
from liveone.web.now.live import Live
from liveone.web.pages import files, shell
from liveone.web.routes import (
    admin,
    administration,
    backups,
    cron,
    data,
    elsewhere,
    health,
    house_sources,
    joining,
    login,
    me,
    pages,
    people,
    points,
    push,
    readings,
    repairs,
    second_steps,
    sharing,
    stream,
)
from liveone.web.routes import original as original_routes
from liveone.web.services import Services

DESCRIPTION = """
Everything LiveOne knows of your systems. Powers in W, energies in kWh, times ISO 8601 at the system's
own offset. House signs: battery > 0 discharges, grid > 0 imports. Absent is `null`, never 0.

Credentials: the cookie `auth-token=<AUTH_PASSWORD>`, a login session, or `Authorization: Bearer <token>`;
cron paths take `Authorization: Bearer <CRON_SECRET>` only. Every error is `{"error": "..."}`.
"""

PARTS = (
    *(data, points, readings, stream, cron, login, joining, elsewhere, me, second_steps, sharing),
    *(admin, people, administration, repairs, backups, health),
    *(house_sources, push, original_routes, pages),
)
"""What is asked first comes first: routes are tried in this order."""


def create_app(
    services: Services,
    *,
    for_operators_only: bool = False,
    public_url: str = "",
    base_path: str = "",
    trusted_proxies: Sequence[str] = (),
) -> FastAPI:
    """The ASGI application. ``app.state.live.close()`` ends open streams: await it when stopping begins.

    ``for_operators_only``: nothing but health and metrics is served. ``public_url``: the address that
    people open, where it does not follow from what they ask. ``base_path``, ``trusted_proxies``: see
    ``liveone.web.base_path``.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        await app.state.live.close()

    # Its own routes, not `include_router`: that builds every route a second time, in each application.
    parts = (health,) if for_operators_only else PARTS
    app = FastAPI(
        title="LiveOne",
        version=liveone.__version__,
        description=DESCRIPTION,
        docs_url=None,
        openapi_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
        routes=[route for part in parts for route in part.router.routes],
    )
    app.state.services = services
    known = services.people or People(services.store, services.auth.accounts, services.clock)
    app.state.gate = gate = Authenticator(services.auth, known)
    app.state.public_url = public_url.rstrip("/")
    app.state.live = Live(services.store, services.clock, gate.refresh, services.live)
    app.state.cards = Cards(services)
    app.state.health = HealthCheck(services)
    app.state.push_gate = push.PushGate()
    app.state.files = files.load()
    app.state.shell = shell.load(app.state.files)
    answers.install(app)
    if not for_operators_only:
        app.add_exception_handler(404, pages.not_found)
        app.add_exception_handler(RequestValidationError, pages.not_understood)
    app.add_middleware(ConnectionGuard, is_open=gate.asked_if_open)
    app.add_middleware(BasePath, configured=base_path, proxies=trusted_proxies)
    return app
