"""Chooses the systems whose days are looked at next. Pure.

Rule: if systems are few, all are looked at each time. A fleet is gone through in turn, so that a look costs
the same each minute however large it is.
"""

from collections.abc import Sequence

from liveone.domain.system import System

LOOKS_MAX = 500
"""Systems a minute: 10,000 take twenty minutes."""


class Rounds:
    """Gives at most ``most`` systems at a time, each of them once in every round."""

    def __init__(self, most: int = LOOKS_MAX) -> None:
        self._most = most
        self._after_id = -1
        self.begins = True
        """Whether the next call begins a round."""

    def next(self, systems: Sequence[System]) -> list[System]:
        """The systems that follow those of the last call, by id; no call spans two rounds."""
        ordered = sorted(systems, key=lambda system: system.id)
        later = [system for system in ordered if system.id > self._after_id] or ordered
        chosen = later[: self._most]
        self.begins = chosen[-1:] == ordered[-1:]
        self._after_id = -1 if self.begins else chosen[-1].id
        return chosen
