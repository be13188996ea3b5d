"""Health for everybody, metrics and the API's description for those who may."""

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4

from liveone.web.answers import answer
from liveone.web.auth.access import CallerDep, ServicesDep, systems_for
from liveone.web.auth.before_body import AskedFirst
from liveone.web.now.metrics import exposition
from liveone.web.openapi.models import Health, Liveness, Readiness

router = APIRouter(route_class=AskedFirst, tags=["operation"])


@router.get(
    "/api/health",
    summary="Is the server well?",
    responses={
        200: {"model": Health},
        503: {
            "model": Health,
            "description": "The database is away or takes no writes; the reason is plain.",
        },
    },
)
async def health(request: Request) -> Response:
    """For monitors. Open to all. `schema.inSync` is false while the database is of an older generation (which
    works). `degraded` is 200: something wants a look, and nothing is lost.
    """
    status, body = await request.app.state.health.check()
    return answer(body, status)


@router.get(
    "/api/health/live",
    summary="Does the process run?",
    responses={200: {"model": Liveness, "description": "It does; its database may be away."}},
)
async def live(services: ServicesDep) -> Response:
    """For what starts a program again when it hangs. Open to all; the database is not asked."""
    return answer({"status": "ok", "release": services.release})


@router.get(
    "/api/health/ready",
    summary="Can requests be answered?",
    responses={
        200: {"model": Readiness},
        503: {"model": Readiness, "description": "The database cannot be read; the reason is plain."},
    },
)
async def ready(request: Request) -> Response:
    """For what sends requests here or elsewhere. Open to all; writing and polling do not count."""
    problem = await request.app.state.health.away()
    if problem:
        return answer({"status": "unavailable", "error": problem}, 503)
    return answer({"status": "ok", "error": None})


@router.get(
    "/metrics",
    summary="Prometheus metrics",
    response_class=Response,
    responses={
        200: {"content": {"text/plain": {}}, "description": "Text exposition format 0.0.4."},
    },
)
def metrics(request: Request, caller: CallerDep, services: ServicesDep) -> Response:
    """The systems that the credential may see, and the server itself."""
    visible = systems_for(services.store, caller)
    text = exposition(services, request.app.state.cards, visible, listeners=request.app.state.live.count)
    return Response(text, media_type=CONTENT_TYPE_PLAIN_0_0_4, headers={"cache-control": "no-store"})
