"""Checks whether energy and power of the same readings can be in the units that they are taken for.

If a counter gains a thousand times what its power makes, one of the two is in another unit: Wh for kWh, or kW
for W. Many steps must agree on that. Leaps (another meter, the end of zeros) do not count, and a counter that
stands says nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from liveone.domain.reading import COUNTERS, Reading
from liveone.domain.series import SOURCES

LONGEST_STEP_S = 7200
"""Readings further apart say nothing about the power between them."""
STEPS_LEAST = 5
SHARE_MOST = 0.5
"""A step that is a larger share of all that a counter gained is a leap; this many are left out."""
LEAPS_MOST = 3
MADE_KWH_LEAST = 0.02
FACTOR_LEAST, FACTOR_MOST = 300.0, 3000.0

_PLACE = {name: place for place, name in enumerate(Reading.__slots__)}


@dataclass(slots=True)
class _Pair:
    """A counter and the power that drives it: what each of them says was made, in kWh."""

    gained_kwh: float = 0.0
    made_kwh: float = 0.0
    largest: list[tuple[float, float]] = field(default_factory=list)
    """The largest steps, the largest first: what was gained, and what was made meanwhile."""
    steps: int = 0
    last: tuple[int, float, float] | None = None

    def see(self, at: int, total_kwh: float, power_w: float) -> None:
        before, self.last = self.last, (at, total_kwh, power_w)
        if before is None or not 0 < at - before[0] <= LONGEST_STEP_S or total_kwh < before[1]:
            return
        gained_kwh = total_kwh - before[1]
        made_kwh = max(0.0, (before[2] + power_w) / 2) * (at - before[0]) / 3_600_000
        self.gained_kwh += gained_kwh
        self.made_kwh += made_kwh
        self.steps += gained_kwh > 0
        if len(self.largest) <= LEAPS_MOST or gained_kwh > self.largest[-1][0]:
            self.largest = sorted([*self.largest, (gained_kwh, made_kwh)], reverse=True)[: LEAPS_MOST + 1]

    def factor(self) -> float | None:
        """How many times the power the counter gains; None where too little is known."""
        rest_kwh = self.gained_kwh - sum(gained for gained, _ in self.largest[:LEAPS_MOST])
        leaps = [step for step in self.largest[:LEAPS_MOST] if step[0] > SHARE_MOST * rest_kwh]
        gained_kwh = self.gained_kwh - sum(gained for gained, _ in leaps)
        made_kwh = self.made_kwh - sum(made for _, made in leaps)
        steps = self.steps - len(leaps)
        if any(gained > SHARE_MOST * gained_kwh for gained, _ in self.largest[len(leaps) :]):
            return None
        if steps < STEPS_LEAST or made_kwh < MADE_KWH_LEAST:
            return None
        return gained_kwh / made_kwh


@dataclass(slots=True)
class UnitWatch:
    """Reads readings, roughly in the order of their times, and finds counters that are off by a thousand."""

    _pairs: dict[str, _Pair] = field(default_factory=lambda: {name: _Pair() for name in COUNTERS})

    def see(self, rows: Iterable[tuple[float | None, ...]]) -> None:
        """Take readings into account; ``rows`` are tuples of the fields of Reading."""
        watched = [
            (
                pair,
                _PLACE[f"{name}_kwh_total"],
                _PLACE[SOURCES[name][0]],
                SOURCES[name][1],
            )
            for name, pair in self._pairs.items()
        ]
        for row in rows:
            for pair, counter, power, sign in watched:
                total_kwh, power_w = row[counter], row[power]
                if total_kwh is not None and power_w is not None:
                    pair.see(int(row[0] or 0), total_kwh, power_w * sign)

    def suspects(self) -> dict[str, bool]:
        """Counters that gain a thousand times (True) or a thousandth (False) of their power."""
        found: dict[str, bool] = {}
        for name, pair in self._pairs.items():
            factor = pair.factor()
            if factor is not None and FACTOR_LEAST <= factor <= FACTOR_MOST:
                found[name] = True
            elif factor is not None and FACTOR_LEAST <= 1 / factor <= FACTOR_MOST:
                found[name] = False
        return found
