"""Whether a copy comes nearer to the end of its table, or the table grows faster than it is copied."""

import time
from dataclasses import dataclass, field


@dataclass(slots=True)
class GrowthWatch:
    """Looks every ``every_s`` seconds, once more was copied than there was at the beginning, or nothing was.

    ``left`` is how many rows were still to be copied at the last look; None before the first.
    """

    every_s: float
    left: int | None = None
    _copied: int = field(default=-1, init=False)
    _looked_s: float = field(default_factory=time.monotonic, init=False)

    def is_due(self, copied: int, total: int) -> bool:
        """Whether the rows that are left should be counted now."""
        if time.monotonic() - self._looked_s < self.every_s:
            return False
        stands = copied == self._copied
        self._copied, self._looked_s = copied, time.monotonic()
        return stands or copied > total

    def see(self, table: str, left: int) -> str:
        """What is to be said of so many rows that are left; empty while they become fewer."""
        before, self.left = self.left, left
        if before is None or left < before:
            return ""
        return (
            f"{table} grows faster than it is copied: {before:,} rows were left {self.every_s:g} s ago, and"
            f" {left:,} are now. Slow its writers down, or stop and resume at a quieter hour"
        )
