"""LiveOne as hosts run it that start a program for each request: ``liveone.serverless:app``.

Settings come from the environment (docs/how-to/serverless.md). Importing this opens no database and sends
nothing. Rule: a wrong setting is answered to every request in words, because such hosts hide a program's
output.
"""

import logging
import os
from dataclasses import replace

from starlette.types import ASGIApp, Receive, Scope, Send

from liveone.errors import ConfigError
from liveone.settings import config
from liveone.web.answers import ApiError, error_answer, plain
from liveone.wiring.stateless import stateless

EVERYBODY = "*"
"""Vercel writes X-Forwarded-For and -Proto itself, whatever a client sends, and is the only way in."""

log = logging.getLogger(__name__)


def application() -> ASGIApp:
    """The application, or the reason why there is none."""
    try:
        settings = config.load()
        trusted = settings.server.trusted_proxies or ((EVERYBODY,) if os.environ.get("VERCEL") else ())
        return stateless(replace(settings, server=replace(settings.server, trusted_proxies=trusted)))
    except ConfigError as error:
        log.critical("LiveOne is not set up: %s", error)
        return Refusing(error)


class Refusing:
    """Answers every request with 503 and what to do."""

    def __init__(self, error: ConfigError) -> None:
        self._error = ApiError(503, f"LiveOne is not set up: {plain(error)}", success=False, hint=error.hint)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await error_answer(self._error)(scope, receive, send)


app = application()
