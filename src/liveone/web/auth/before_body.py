"""Checks the caller before the body of a request is read.

FastAPI reads and parses the body before it runs dependencies, so a caller without a credential would be told
what is wrong with a body.
"""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from liveone.web.auth import access, audited


class AskedFirst(APIRoute):
    """A route that checks the table of rights before it reads the body, and logs what was done."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def asked_first(request: Request) -> Response:
            await access.require(request)
            answer = await handle(request)
            await audited.entered(request, answer)
            return answer

        return asked_first
