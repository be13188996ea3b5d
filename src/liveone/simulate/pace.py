"""Time pressed together: a source seen through a faster clock."""

import math
from dataclasses import replace

from liveone.errors import BadInput
from liveone.simulate.sample import Sample, SampleSource


class Paced:
    """A source seen through a faster clock: its time at ``start_at`` is ``source_start_at``.

    Sample times are pressed together around ``start_at`` so that they stay plausible for a client with an
    ordinary clock; powers and counters are untouched, so energy runs ``speed`` times as fast as power says.
    One served second belongs to one sample.
    """

    def __init__(
        self, source: SampleSource, *, start_at: float, source_start_at: float, speed: float
    ) -> None:
        if not 0.0 < speed <= 86400.0:
            raise BadInput(f"the speed {speed} is impossible", hint="Give a speed above 0, at most 86400.")
        self._source, self._speed = source, speed
        self._start_at, self._source_start_at = math.floor(start_at), source_start_at

    def sample(self, at: float) -> Sample | None:
        source_at = self._source_start_at + (math.floor(at) - self._start_at) * self._speed
        sample = self._source.sample(source_at)
        if sample is None:
            return None
        taken_at = self._start_at + math.ceil((sample.taken_at - self._source_start_at) / self._speed)
        return replace(sample, taken_at=taken_at)
