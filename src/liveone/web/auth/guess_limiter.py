"""How often a secret may be guessed: some guesses at once, then one at a time, ever slower.

Nobody is shut out for long: whoever waits his turn is heard, so a stranger's wrong guesses cost the owner
seconds. Only guessable secrets are counted; a genuine session or token never is.
"""

import ipaddress
from collections import OrderedDict
from dataclasses import dataclass

DOUBLINGS_MAX = 6


@dataclass(slots=True)
class _Guesses:
    count: int = 0
    last_s: float = 0.0
    next_s: float = 0.0


class Limiter:
    """``free`` guesses of one name, then one every ``spacing_s``, doubled with each ``free`` more.

    A name is an account at an address, or whatever else guesses are counted for. Times are monotonic seconds.
    After ``forget_s`` without a guess all is forgotten; of more than ``names`` names the one that guessed
    longest ago.
    """

    def __init__(self, *, free: int, spacing_s: float, forget_s: float = 900.0, names: int = 4096) -> None:
        self._free, self._spacing_s, self._forget_s, self._most = free, spacing_s, forget_s, names
        self._names: OrderedDict[str, _Guesses] = OrderedDict()

    def wait_s(self, name: str, now_s: float) -> float:
        """Seconds until the next guess of this name may be looked at."""
        guesses = self._names.get(name)
        return max(0.0, guesses.next_s - now_s) if guesses else 0.0

    def guessed(self, name: str, now_s: float) -> None:
        """Count a guess from its start, so that many at once do not help."""
        guesses = self._names.pop(name, None)
        if guesses is None or now_s - max(guesses.last_s, guesses.next_s) > self._forget_s:
            guesses = _Guesses()
        guesses.count, guesses.last_s = guesses.count + 1, now_s
        if guesses.count >= self._free:
            doublings = min(DOUBLINGS_MAX, guesses.count // self._free - 1)
            guesses.next_s = max(now_s, guesses.next_s) + self._spacing_s * 2**doublings
        self._names[name] = guesses
        if len(self._names) > self._most:
            self._names.popitem(last=False)

    def was_right(self, name: str) -> None:
        """The last guess of this name was none: it does not count, and those before it still do."""
        guesses = self._names.get(name)
        if guesses:
            guesses.count -= 1

    def forgive(self, name: str) -> None:
        """Forget the guesses of a name that has shown the right secret."""
        self._names.pop(name, None)


def network_of(client: str) -> str:
    """An IPv6 client owns at least a /64, so that is what is counted."""
    try:
        address = ipaddress.ip_address(client)
    except ValueError:
        return client
    return str(ipaddress.ip_network((address, 64), strict=False)) if address.version == 6 else client
