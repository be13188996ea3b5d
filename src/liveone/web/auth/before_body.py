"""Who asks is known before what they send is read.

FastAPI reads and parses a request's body before it looks at dependencies: whoever shows no credential would
be told what is wrong with his body, after it was read.
"""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from liveone.web.auth import access, audited


class AskedFirst(APIRoute):
    """A route that is held against the table of rights before its body is read; what it did is entered."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def asked_first(request: Request) -> Response:
            await access.require(request)
            answer = await handle(request)
            await audited.entered(request, answer)
            return answer

        return asked_first
