"""The portal's hourly weakness: around minute 50 it often fails, as in the recording.

In half of the hours it fails for the whole of that minute, in some others for its first half, so that a
second try within the minute sometimes helps. A failure is a 500, a 503, or no new sample.
"""

from liveone.simulate.noise import mix

MINUTE = 50
KINDS = ("status500", "status503", "stale")


class Hiccup:
    """When the portal fails; a function of its seed."""

    def __init__(self, seed: int = 0) -> None:
        self._seed = seed

    def failure_at(self, at: float) -> str | None:
        """One of KINDS, or None while the portal is well."""
        second = int(at)
        if (second // 60) % 60 != MINUTE:
            return None
        draw = mix(self._seed, second // 3600, MINUTE)
        fails_s = (60, 60, 60, 60, 30, 0, 0, 0)[draw & 7]
        return KINDS[(draw >> 3) % 3] if second % 60 < fails_s else None

    def hides(self, at: float) -> bool:
        """Whether a poll at this instant gets nothing new."""
        return self.failure_at(at) is not None
