"""Whether a copy comes nearer to the end of its table, or the table grows faster than it is copied."""

import time
from dataclasses import dataclass, field

from changeover.database.online.worker import AGAIN, OnlinePace
from changeover.errors import StepFailed


@dataclass(slots=True)
class GrowthWatch:
    """Looks every `growth_s` seconds, once more was copied than there was at the beginning, or nothing was.

    ``left`` is how many rows were still to be copied at the last look; None before the first. Looks are
    counted, and not seconds: a machine that slept, or a pause that people asked for, is one look.
    """

    pace: OnlinePace
    left: int | None = None
    _least: int = field(default=0, init=False)
    _in_vain: int = field(default=0, init=False)
    _copied: int = field(default=-1, init=False)
    _looked_s: float = field(default_factory=time.monotonic, init=False)

    def is_due(self, copied: int, total: int) -> bool:
        """Whether the rows that are left should be counted now."""
        if time.monotonic() - self._looked_s < self.pace.growth_s:
            return False
        stands = copied == self._copied
        self._copied, self._looked_s = copied, time.monotonic()
        return stands or copied > total

    def see(self, table: str, left: int) -> str:
        """What is to be said of so many rows that are left; empty while they become fewer.

        Raises StepFailed where they have not become fewer for `growth_looks` times.
        """
        before, self.left = self.left, left
        if before is None or left < self._least:
            self._least, self._in_vain = left, 0
            return ""
        self._in_vain += 1
        if self._in_vain >= self.pace.growth_looks:
            raise StepFailed(
                f"{table} is written to faster than it is copied: {left:,} rows are left, and for"
                f" {self._in_vain} looks, {self.pace.growth_s:g} s apart, they were never fewer than"
                f" {self._least:,}.",
                hint="Nothing but the copy was written. Slow the writers of this table down, or"
                f" {AGAIN} at a quieter hour.",
            )
        if left < before:
            return ""
        return (
            f"{table} grows faster than it is copied: {before:,} rows were left {self.pace.growth_s:g} s ago,"
            f" and {left:,} are now. Slow its writers down, or stop and resume at a quieter hour"
        )
