"""How many wrong credentials one client may offer: a bounded count per address, in bounded memory.

Only guessable secrets are counted (a password typed or sent as a cookie); a genuine session is never.
"""

import ipaddress
from collections import OrderedDict
from dataclasses import dataclass


@dataclass(slots=True)
class _Window:
    started_s: float
    failures: int


class Limiter:
    """At most ``failures`` per client and ``window_s`` seconds; remembers at most ``clients`` clients.

    Times are monotonic seconds. When full, the client that failed longest ago is forgotten.
    """

    def __init__(self, *, failures: int = 10, window_s: float = 60.0, clients: int = 4096) -> None:
        self._most, self._window_s, self._clients = failures, window_s, clients
        self._windows: OrderedDict[str, _Window] = OrderedDict()

    def wait_s(self, client: str, now_s: float) -> int:
        """Seconds this client has to wait before its next guess is looked at; 0 when it need not."""
        window = self._windows.get(_network(client))
        if window is None or window.failures < self._most:
            return 0
        return max(0, int(window.started_s + self._window_s - now_s) + 1) if self._open(window, now_s) else 0

    def failed(self, client: str, now_s: float) -> None:
        """Count a wrong credential."""
        name = _network(client)
        window = self._windows.pop(name, None)
        if window is None or not self._open(window, now_s):
            window = _Window(now_s, 0)
        window.failures += 1
        self._windows[name] = window
        if len(self._windows) > self._clients:
            self._windows.popitem(last=False)

    def forgive(self, client: str) -> None:
        """Forget the failures of a client that has shown a right credential."""
        self._windows.pop(_network(client), None)

    def _open(self, window: _Window, now_s: float) -> bool:
        return now_s - window.started_s < self._window_s


def _network(client: str) -> str:
    """An IPv6 client owns at least a /64, so that is what is counted."""
    try:
        address = ipaddress.ip_address(client)
    except ValueError:
        return client
    return str(ipaddress.ip_network((address, 64), strict=False)) if address.version == 6 else client
