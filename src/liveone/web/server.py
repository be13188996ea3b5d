"""Uvicorn, taught to end open event streams first when it stops: it would wait for them otherwise."""

import socket

import uvicorn
from fastapi import FastAPI


class Server(uvicorn.Server):
    """A server of one application made by ``create_app``."""

    def __init__(self, config: uvicorn.Config, app: FastAPI) -> None:
        super().__init__(config)
        self._live = app.state.live

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self._live.close()
        await super().shutdown(sockets)
