"""A recording played again: the rows of a CSV, shifted so that the first is taken at ``start_at``.

The newest row at or before an instant is what the portal holds then. The columns are the vendor's, in the
vendor's signs; an empty cell is a field that the device did not send. The recorder of the first hours kept
neither counters nor the split of solar power: such rows are played without counters, their whole solar
power as AC-coupled.
"""

import csv
import math
from bisect import bisect_right
from collections.abc import Sequence
from pathlib import Path

from liveone.domain.reading import COUNTERS
from liveone.errors import BadInput
from liveone.simulate.pace import Paced
from liveone.simulate.sample import Sample

REST_S = 60
"""Between the last row and the first of the next round."""
ROWS_MAX = 5_000_000

_POWERS = ("solarinverter_w", "shunt_w", "load_w", "battery_w", "grid_w", "battery_soc")
_CODES = ("fault_code", "fault_ts", "gen_status")
_TOTALS = tuple(f"{name}_kwh_total" for name in COUNTERS)
COLUMNS = ("inverter_time", "solar_w", *_POWERS, *_CODES, *_TOTALS)

Cells = dict[str, float | None]


def read_recording(path: Path) -> list[Cells]:
    """The rows by time, repeated times once. Raises BadInput naming file, line and column."""
    try:
        with path.open(newline="", encoding="utf-8") as file:
            table = csv.DictReader(file)
            missing = [name for name in COLUMNS if name not in (table.fieldnames or ())]
            if missing:
                raise BadInput(
                    f"{path} is not a recording: no column {', '.join(missing)}",
                    hint=f"The first line must name these columns: {', '.join(COLUMNS)}.",
                )
            rows = [_cells(path, table.line_num, row) for row in table]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadInput(f"the recording {path} cannot be read: {error}") from error
    if not rows or len(rows) > ROWS_MAX:
        raise BadInput(f"{path} has {len(rows)} rows", hint=f"A recording has 1 to {ROWS_MAX} rows.")
    return list({row["inverter_time"]: row for row in sorted(rows, key=_time)}.values())


class Replay:
    """A source that plays a recording from ``start_at``, ``speed`` times as fast as it was (see Paced)."""

    def __init__(
        self, path: Path, *, start_at: float, speed: float = 1.0, loop: bool = True, offset_min: int = 600
    ) -> None:
        recording = Recording(read_recording(path), loop=loop, offset_min=offset_min)
        self._paced = Paced(recording, start_at=start_at, source_start_at=recording.first_at, speed=speed)

    def sample(self, at: float) -> Sample | None:
        return self._paced.sample(at)


class Recording:
    """The rows of a recording as a source, at their own times.

    After the last row it begins again (``loop``), counters going on where they were, or it stays there
    like a device that lost its network. ``offset_min`` is the site's local time, for the counters of today.
    """

    def __init__(self, rows: Sequence[Cells], *, loop: bool = True, offset_min: int = 600) -> None:
        self._rows, self._times = rows, [_time(row) for row in rows]
        self.first_at = self._times[0]
        self._span_s = self._times[-1] - self.first_at + REST_S
        self._loop, self._offset_s = loop, offset_min * 60
        self._gains = {name: self._gain(f"{name}_kwh_total") for name in COUNTERS}
        self._midnights = self._totals_at_midnight()

    def sample(self, at: float) -> Sample | None:
        if at < self.first_at:
            return None
        loops = int((at - self.first_at) // self._span_s) if self._loop else 0
        index = bisect_right(self._times, at - loops * self._span_s) - 1
        row, extra = self._rows[index], loops * self._span_s
        solar, ac = row["solar_w"], row["solarinverter_w"]
        if solar is not None and not _is_split(row):
            ac = solar
        grid = row["grid_w"]
        totals = self._totals(row, loops)
        midnight = self._midnights[self._day(row)]
        today = {
            name: None if total is None or midnight.get(name) is None else total - (midnight[name] or 0.0)
            for name, total in self._totals(row, 0).items()
        }
        return Sample(
            taken_at=int(_time(row) + extra),
            solar_inverter_w=ac,
            shunt_w=row["shunt_w"],
            load_w=row["load_w"],
            battery_w=row["battery_w"],
            grid_w=None if grid is None else -grid,
            battery_soc_pct=row["battery_soc"],
            total_kwh=totals,
            today_kwh=today,
            fault_code=_whole(row["fault_code"]),
            fault_at=_whole(row["fault_ts"]),
            generator_status=_whole(row["gen_status"]),
        )

    def _totals(self, row: Cells, loops: int) -> Cells:
        if not any(row[name] for name in _TOTALS):
            return {}
        counted = {name: row[f"{name}_kwh_total"] for name in COUNTERS}
        return {
            name: None if total is None else total + loops * self._gains[name]
            for name, total in counted.items()
        }

    def _gain(self, name: str) -> float:
        counted = [value for row in self._rows if (value := row[name])]
        return max(0.0, counted[-1] - counted[0]) if counted else 0.0

    def _day(self, row: Cells) -> int:
        return int((_time(row) + self._offset_s) // 86400)

    def _totals_at_midnight(self) -> dict[int, Cells]:
        starts: dict[int, Cells] = {}
        for row in self._rows:
            totals = self._totals(row, 0)
            if totals or self._day(row) not in starts:
                earlier = starts.get(self._day(row))
                starts[self._day(row)] = earlier or totals
        return starts


def _cells(path: Path, line: int, row: dict[str, str]) -> Cells:
    cells: Cells = {}
    for name in COLUMNS:
        text = (row[name] or "").strip()
        try:
            cells[name] = float(text) if text else None
        except ValueError:
            raise BadInput(
                f"{path}, line {line}: {name} is {text!r}, not a number",
                hint="Correct or delete that line; leave a cell empty where there is no value.",
            ) from None
    if cells["inverter_time"] is None or not math.isfinite(cells["inverter_time"]):
        raise BadInput(f"{path}, line {line}: there is no inverter_time", hint="It is in UTC epoch seconds.")
    return cells


def _time(row: Cells) -> float:
    at = row["inverter_time"]
    assert at is not None
    return at


def _is_split(row: Cells) -> bool:
    """Whether AC and DC power make up the solar power, to the watt of their rounding."""
    return abs((row["solar_w"] or 0.0) - (row["solarinverter_w"] or 0.0) - (row["shunt_w"] or 0.0)) <= 1.0


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)
