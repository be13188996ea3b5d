"""What systems are at this moment, between their polls: from sources that tell by themselves (MQTT, push).

Rule: nothing of it is stored. Readings are made on the grid, of means in which every value counts; what is
seen here is what a page shows until the next of them comes.
"""

from collections.abc import Callable, Sequence

from liveone.clock import Clock
from liveone.domain.averages import Timed
from liveone.domain.reading import Reading
from liveone.domain.sources import HouseSource
from liveone.wiring.house_sources import SourceBook


class LiveHouses:
    """The systems of one process as its sources tell them. Safe to call from any thread."""

    def __init__(self, book: SourceBook, clock: Clock) -> None:
        self._book, self._clock = book, clock

    def follow(self, heard: Callable[[int], None]) -> None:
        """Call ``heard`` with a system's id when one of its sources tells something; from any thread."""
        self._book.on_value = heard

    def now_of(self, system_id: int) -> Reading | None:
        """The newest values of a system's sources as one reading; None where that is not known."""
        return self._book.now_of(system_id, self._clock.now_at())

    def pushed(self, source: HouseSource, samples: Sequence[Timed]) -> None:
        """Values that were accepted from a source that sends."""
        newest_at, values = max(samples, key=lambda sample: sample[0])
        self._book.keep_pushed(source, newest_at, values)
