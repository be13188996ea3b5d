"""Who asks is known before what they send is read.

FastAPI reads and parses a request's body before it looks at dependencies: whoever shows no credential would
be told what is wrong with his body, after it was read.
"""

from collections.abc import Callable, Coroutine, Iterator
from typing import Any

from fastapi import Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from liveone.web.auth import access

Check = Callable[[Request], Coroutine[Any, Any, object]]
CHECKS: tuple[Check, ...] = (
    access.administrator,
    access.asking,
    access.cron_caller,
    access.cron_or_administrator,
)


class AskedFirst(APIRoute):
    """A route that asks for the credential it declares, as a dependency, before it reads the body."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        checks = list(checks_of(self.dependant))

        async def asked_first(request: Request) -> Response:
            for check in checks:
                await check(request)
            return await handle(request)

        return asked_first


def checks_of(dependant: Dependant) -> Iterator[Check]:
    """The credentials that a route asks for, whatever stands between."""
    yield from (check for check in CHECKS if check is dependant.call)
    for inner in dependant.dependencies:
        yield from checks_of(inner)
