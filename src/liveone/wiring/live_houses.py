"""What systems are at this moment, between their polls: from sources that tell by themselves (MQTT, push).

Rule: nothing of it is stored. Readings are made on the grid, of means in which every value counts; what is
seen here is what a page shows until the next of them comes. Of a system that another process of this machine
polls, that process tells (``moment_files``).
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from liveone.clock import Clock
from liveone.domain.averages import Timed
from liveone.domain.reading import Reading
from liveone.domain.sources import HouseSource
from liveone.wiring.house_sources import SourceBook
from liveone.wiring.moment_files import MomentFiles, MomentHandlers


class LiveHouses:
    """The systems of one process as its sources tell them. Safe to call from any thread.

    ``folder`` is where it shares them with other processes; without one it does not. One that never ``polls``
    knows of no system by itself.
    """

    def __init__(
        self, book: SourceBook, clock: Clock, folder: Path | None = None, *, polls: bool = True
    ) -> None:
        self._book, self._clock, self._polls = book, clock, polls
        self._heard: Callable[[int], None] = lambda _: None
        handlers = MomentHandlers(self._known_here, self._told_there, self._sent_there)
        self._shared = MomentFiles(folder, handlers) if folder else None
        book.on_value = self._told

    def start(self) -> None:
        """Begin to share. Raises OSError."""
        if self._shared is not None:
            self._shared.start()

    def close(self) -> None:
        """Share no more."""
        if self._shared is not None:
            self._shared.close()

    def follow(self, heard: Callable[[int], None]) -> None:
        """Call ``heard`` with a system's id when one of its sources tells something; from any thread."""
        self._heard = heard

    def want(self, system_ids: Collection[int]) -> None:
        """These systems are looked at here, and no others."""
        if self._shared is not None:
            self._shared.want(system_ids)

    def now_of(self, system_id: int) -> Reading | None:
        """The newest values of a system's sources as one reading; None where that is not known."""
        found = self._known_here(system_id)
        return self._shared.now_of(system_id) if found is None and self._shared else found

    def pushed(self, source: HouseSource, samples: Sequence[Timed]) -> None:
        """Values that were accepted from a source that sends."""
        newest_at, values = max(samples, key=lambda sample: sample[0])
        self._book.keep_pushed(source, newest_at, values)
        if self._shared is not None and not self._is_polled_here(source.system_id):
            self._shared.pass_on(source.system_id, source.id, newest_at, values)

    def _is_polled_here(self, system_id: int) -> bool:
        return self._polls and self._book.is_polled(system_id)

    def _known_here(self, system_id: int) -> Reading | None:
        if not self._is_polled_here(system_id):
            return None
        return self._book.now_of(system_id, self._clock.now_at())

    def _told(self, system_id: int) -> None:
        """By a source here: of a system that is polled elsewhere, the house is known there."""
        if not self._is_polled_here(system_id):
            return
        self._heard(system_id)
        if self._shared is not None:
            self._shared.changed(system_id)

    def _told_there(self, system_id: int) -> None:
        self._heard(system_id)

    def _sent_there(self, source_id: int, at: int, values: Mapping[str, Any]) -> None:
        """What a source sent to another process, where its system is polled here."""
        source = self._book.source(source_id)
        if source is not None and self._is_polled_here(source.system_id):
            self._book.keep_pushed(source, at, values)
