"""One open event stream (Server-Sent Events): messages as they come, a comment if none comes for a while.

It ends when the client leaves or cannot take a message in time, when the hub drops it, or after
``longest_s``. The client then reconnects with ``Last-Event-ID``.
"""

import asyncio
from collections.abc import Sequence

from fastapi import Response
from starlette.types import Receive, Scope, Send

from liveone.web.now.live import Listener, Live, StreamEvent

HEARTBEAT_S, SEND_S = 15.0, 20.0
RECONNECT_MS = 2000
# nginx holds an answer back until its buffer is full unless the answer forbids
# it (https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_buffering).
HEADERS = {"cache-control": "no-store", "x-accel-buffering": "no"}


class EventStream(Response):
    """Sends ``first`` at once, then what the hub gives to ``listener``, for at most ``longest_s``."""

    media_type = "text/event-stream"

    def __init__(self, live: Live, listener: Listener, first: Sequence[bytes], longest_s: float) -> None:
        super().__init__(headers=HEADERS)
        # Response counts the empty body and would say 0; a stream has no length.
        del self.headers["content-length"]
        self._live, self._listener = live, listener
        self._first, self._longest_s = first, longest_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # Only `receive` tells that the client went, and nothing else reads it here.
        gone = asyncio.ensure_future(_gone(receive))
        messages = asyncio.ensure_future(self._send_all(send))
        try:
            await asyncio.wait({gone, messages}, timeout=self._longest_s, return_when=asyncio.FIRST_COMPLETED)
            if messages.done():
                messages.result()
            if not gone.done():
                await _cancelled(messages)
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        except (OSError, TimeoutError):
            return
        finally:
            self._live.leave(self._listener)
            await _cancelled(gone, messages)

    async def _send_all(self, send: Send) -> None:
        start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
        await send(start)
        await _send(send, b"retry: %d\n\n" % RECONNECT_MS + b"".join(self._first))
        while True:
            try:
                async with asyncio.timeout(HEARTBEAT_S):
                    message = await self._listener.queue.get()
            except TimeoutError:
                # A comment by the format of event streams: proxies cut connections that are silent, and a
                # send finds out who left.
                await _send(send, b": still here\n\n")
                continue
            if message is None:
                return
            await _send(send, self._frame(message))

    def _frame(self, message: StreamEvent) -> bytes:
        is_reading = message.name == "reading"
        return frame(message) if is_reading and len(self._listener.zones) == 1 else unnamed(message)


def frame(message: StreamEvent) -> bytes:
    return b"id: %d\n%b" % (message.at, unnamed(message))


def unnamed(message: StreamEvent) -> bytes:
    """A message without an id, because one id cannot say where to resume in several systems."""
    return b"event: %b\ndata: %b\n\n" % (message.name.encode(), message.data)


RELOAD = b"event: reload\ndata: {}\n\n"
"""Sent to a client that was away for longer than the hub catches up: it has to read the history again."""


async def _send(send: Send, body: bytes) -> None:
    message = {"type": "http.response.body", "body": body, "more_body": True}
    # send waits while the client takes nothing, for as long as the connection lives.
    async with asyncio.timeout(SEND_S):
        await send(message)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _cancelled(*tasks: "asyncio.Future[None]") -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
