"""One energy counter and the power that drives it, as columns over five-minute rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter

from liveone.domain.aggregates import FiveMinutes
from liveone.domain.shape import Flow

SOURCES = {
    "solar": ("solar_w", 1),
    "load": ("load_w", 1),
    "battery_in": ("battery_w", -1),
    "battery_out": ("battery_w", 1),
    "grid_in": ("grid_w", 1),
    "grid_out": ("grid_w", -1),
}
"""Counter -> (the power that drives it, the sign with which it makes the counter rise)."""

TRIVIAL_W = 25
"""Below this a counter may stand still: at night a shunt shows an offset of 4 to 23 W."""


@dataclass(frozen=True)
class Series:
    """The counter ``name`` over ``rows`` (ascending): ``totals[i]`` kWh (None: absent) at ``ends[i]``."""

    name: str
    rows: Sequence[FiveMinutes]
    ends: Sequence[int]
    totals: Sequence[float | None]

    @cached_property
    def flow(self) -> Flow:
        """The power in the counter's direction, where it was read."""
        source, sign = SOURCES[self.name]
        column = list(map(attrgetter(f"{source}_avg"), self.rows))
        ends = self.ends
        if None in column:
            ends = [end for end, watts in zip(ends, column, strict=True) if watts is not None]
            column = [watts for watts in column if watts is not None]
        if sign < 0:
            return Flow(ends, [-watts if watts < 0 else 0 for watts in column])
        if min(column, default=0) < 0:
            column = [watts if watts > 0 else 0 for watts in column]
        return Flow(ends, column)

    @cached_property
    def _noticed(self) -> Flow:
        """The same without power that is too small to move a counter for certain."""
        return Flow(self.flow.ends, [each_w if each_w >= TRIVIAL_W else 0 for each_w in self.flow.watts])

    @cached_property
    def real(self) -> Flow:
        """The same without rows whose single sample may be the beginning of the flow.

        The counter shows that flow one row later.
        """
        watts = self._noticed.watts
        if 1 in self._counts:
            before_w = [*watts[:1], *watts[:-1]]
            watts = [
                min(pair) if count == 1 else pair[0]
                for count, *pair in zip(self._counts, watts, before_w, strict=True)
            ]
        return Flow(self.flow.ends, watts)

    def certain_kwh(self, after_end: int, last_end: int, *, longest: int) -> float:
        """The energy that certainly flowed in ``(after_end, last_end]``, gaps up to ``longest`` included.

        Between two samples, at least the smaller of their powers flowed. In a row with a single sample that
        is not certain (see ``real``). ``longest`` is a number of intervals.
        """
        rows_kwh = self.real.kwh(after_end, last_end, longest=0)
        return rows_kwh + self._noticed.least_in_holes_kwh(after_end, last_end, longest=longest)

    @cached_property
    def _counts(self) -> list[int]:
        """The number of samples with power in each row."""
        power = attrgetter(f"{SOURCES[self.name][0]}_avg")
        return [row.sample_count for row in self.rows if power(row) is not None]

    @property
    def has_power(self) -> bool:
        """Whether its power was ever read."""
        return bool(self.flow.ends)

    def peaks_w(self, first: int, last: int) -> list[float]:
        """The largest power of each row from ``first`` to ``last`` in which power was read."""
        source, sign = SOURCES[self.name]
        kind = "max" if sign > 0 else "min"
        rows = self.rows[max(0, first) : last + 1]
        pairs = ((getattr(row, f"{source}_{kind}"), getattr(row, f"{source}_avg")) for row in rows)
        known = (mean_w if peak_w is None else peak_w for peak_w, mean_w in pairs)
        return [max(0.0, watts * sign) for watts in known if watts is not None]


def series_of(rows: Sequence[FiveMinutes], ends: Sequence[int], name: str) -> Series:
    """The counter ``name`` of rows that are in order."""
    return Series(name, rows, ends, list(map(attrgetter(f"{name}_kwh_total_last"), rows)))
