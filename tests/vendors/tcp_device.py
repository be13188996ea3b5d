"""A device that speaks by itself: sends its bytes to whoever connects, then ends, or says nothing more."""

import contextlib
import socket
import threading


class TcpDevice:
    """``with TcpDevice(b"...") as port``."""

    def __init__(self, sends: bytes, *, ends: bool = False) -> None:
        self._sends, self._ends = sends, ends
        self._over = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads = [threading.Thread(target=self._accept, daemon=True)]

    def __enter__(self) -> int:
        self._threads[0].start()
        port: int = self._listener.getsockname()[1]
        return port

    def __exit__(self, *_: object) -> None:
        self._over.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(5)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self._threads.append(threading.Thread(target=self._speak, args=(connection,), daemon=True))
                self._threads[-1].start()

    def _speak(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            connection.sendall(self._sends)
            if not self._ends:
                self._over.wait(60)
