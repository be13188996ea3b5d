"""When a select.live device measures and when the portal has it, as the recording shows.

A sample is taken every 5.73 s (recorded steps between answers are its multiples) and reaches the portal
within about a second, so an answer is 0 to 7 s old; rarely an upload stalls and an answer is up to 31 s old.
"""

from functools import lru_cache

from liveone.simulate.noise import TAPE_LENGTH, mix, white

PERIOD_S = 5.73
_BLOCK, _STALLED_FROM, _STALLED_UNTIL = 8, 2, 5
_STALLS_IN_65536 = 160
_HASH = 2654435761


@lru_cache(maxsize=1)
def _lags_s() -> tuple[float, ...]:
    """From device to portal, s: half a second or so, 1.2 at most."""
    return tuple(min(1.2, max(0.2, 0.6 + 0.25 * wander)) for wander in white())


class Telemetry:
    """The sampling of one device; a function of its seed."""

    def __init__(self, seed: int) -> None:
        self._salt = mix(seed, 21) & 0xFFFFFFFF
        self._phase_s = (self._salt % 573) / 100.0
        self._lags_s = _lags_s()

    def newest_number(self, at: float) -> int:
        """The number of the newest sample that the portal holds at this instant."""
        since = (at - self._phase_s) / PERIOD_S
        number = int(since)
        if (since - number) * PERIOD_S < self._lags_s[(number + self._salt) & (TAPE_LENGTH - 1)]:
            number -= 1
        block, place = divmod(number, _BLOCK)
        stalled = ((block * _HASH ^ self._salt) * _HASH >> 16) & 0xFFFF < _STALLS_IN_65536
        return (
            number - place + _STALLED_FROM - 1
            if stalled and _STALLED_FROM <= place <= _STALLED_UNTIL
            else number
        )

    def taken_at(self, number: int) -> int:
        """The device's time of a sample, whole UTC seconds."""
        return int(self._phase_s + number * PERIOD_S)
