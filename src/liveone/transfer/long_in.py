"""Files that hold one value a line - whose, when, how much - as Home Assistant and InfluxDB export them.

Rule: a state holds until the next one is reported, or `unavailable`; so a reading has the last known value
of every quantity. InfluxDB's points are samples: one older than ``SAMPLE_S`` says nothing any more. The lines
come quantity by quantity, so a file is gathered in memory first; ``LINES_MOST`` bounds that.
"""

from array import array
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import isnan

from liveone.domain.bounds import BOUNDS
from liveone.errors import BadInput, said, sentence
from liveone.transfer.columns import Converter, Row, adds_up
from liveone.transfer.fields import ALIASES, FIELDS, column_of, field_of
from liveone.transfer.layouts import LAYOUTS, Target
from liveone.transfer.numbers import scaled
from liveone.transfer.options import ENERGY_UNITS, POWER_UNITS, Options
from liveone.transfer.rows import RowReader

LINES_MOST = 20_000_000
SAMPLE_S = 900
HOUR_S = 3600
SHOWN = 12
GUESSES = {"solar": "solar_w", "pv": "solar_w", "load": "load_w", "house": "load_w", "home": "load_w"}
OUTWARDS = {"export", "exported", "return", "returned", "feed", "out", "discharge", "discharged"}
BOTH_WAYS = ("battery", "grid")
GUESSES |= {"consumption": "load_w", "battery": "battery_w", "grid": "grid_w", "soc": "battery_soc"}


@dataclass(frozen=True, slots=True)
class LongLayout:
    """Which columns say when, how much and whose; ``is_states``: a value holds until the next. Statistics of
    hours have a ``unit``, and a ``mean`` where there is no counter."""

    time: int
    value: int
    keys: tuple[int, ...]
    is_states: bool
    tag: int = -1
    mean: int = -1
    unit: int = -1

    def of_hour(self, cells: Sequence[str]) -> tuple[int, int]:
        """The column of a line's value, and how many seconds after its time it was so."""
        if self.unit < 0:
            return self.value, 0
        is_counter = self.value >= 0 and cells[self.value].strip() != ""
        return (self.value, HOUR_S) if is_counter or self.mean < 0 else (self.mean, HOUR_S // 2)


def shape_of(names: Sequence[str]) -> LongLayout | None:
    """The shape of a long file with these columns; None where it is none."""
    place = {name: at for at, name in enumerate(names)}
    if {"entity_id", "state"} <= set(place):
        time = next((place[name] for name in ("last_changed", "last_updated", "time") if name in place), -1)
        return None if time < 0 else LongLayout(time, place["state"], (place["entity_id"],), is_states=True)
    if {"statistic_id", "unit", "start"} <= set(place) and {"state", "sum", "mean"} & set(place):
        value = place.get("state", place.get("sum", -1))
        key, mean = (place["statistic_id"],), place.get("mean", -1)
        return LongLayout(place["start"], value, key, is_states=False, mean=mean, unit=place["unit"])
    if {"_time", "_value"} <= set(place):
        keys = tuple(place[name] for name in ("_measurement", "_field") if name in place)
        return LongLayout(
            place["_time"], place["_value"], keys, is_states=False, tag=place.get("loadpoint", -1)
        )
    return None


@dataclass(slots=True)
class _Series:
    """All values of one quantity: ``absent`` where it was said to have none."""

    times: "array[int]" = field(default_factory=lambda: array("q"))
    values: "array[float]" = field(default_factory=lambda: array("d"))


class LongFile:
    """Gathers the lines of a long file, then gives its readings in the order of their times."""

    def __init__(self, shape: LongLayout, options: Options, converter: Converter, reader: RowReader) -> None:
        self._shape, self._options, self._converter, self._reader = shape, options, converter, reader
        self._series: dict[tuple[str, str], _Series] = defaultdict(_Series)
        self._seen: set[str] = set()
        self._ignored: dict[str, int] = {}
        self._lines = 0
        layout = LAYOUTS.get(options.layout)
        self._fields = {**_all_known(), **(layout.fields if layout else {})}

    def take(self, line: int, cells: Sequence[str], width: int) -> None:
        """One line. Raises BadInput where a file is too large for this."""
        if len(cells) != width:
            if cells:
                self._reader.findings.refuse(
                    line, sentence("{count} values for {width} columns", count=len(cells), width=width)
                )
            return
        keys = [cells[place].strip() for place in self._shape.keys]
        if keys == [name for name in ("entity_id", "_measurement", "_field") if name in keys]:
            return
        name = self._known(keys)
        if name is None:
            shown = ":".join(keys)
            self._ignored[shown] = self._ignored.get(shown, 0) + 1
            return
        self._seen.add(name)
        column, later_s = self._shape.of_hour(cells)
        try:
            at = self._converter.times.read(cells[self._shape.time]) + later_s
            number = self._converter.number(cells[column])
        except ValueError as error:
            self._reader.findings.refuse(line, sentence("{name}: {reason}", name=name, reason=said(error)))
            return
        if number is not None and self._shape.unit >= 0:
            number = scaled(number, _said_factor(cells[self._shape.unit].strip(), self._options))
        if number is not None and not all(
            BOUNDS[known].holds(number * factor) for known, factor in self._targets(name)
        ):
            self._reader.findings.doubt(
                line,
                sentence("{name}: {value} cannot be; the value was left out", name=name, value=float(number)),
            )
            number = None
        self._append(name, cells, at, number)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of ``readings`` that the file has values for."""
        found = {field for name, _ in self._series for field, _ in self._targets(name)}
        return tuple(column_of(field) for field in FIELDS if field in found)

    def rows(self, where: str) -> Iterator[Row]:
        """The readings, oldest first. Raises BadInput where the file has no quantity that is known."""
        if not self._seen:
            raise BadInput(
                sentence(
                    "{where}: it is not said which of its quantities are those of the house", where=where
                ),
                hint=_advice(self._ignored),
            )
        if absent := set(self._options.columns) - self._seen:
            raise BadInput(
                sentence("{where} has no quantity {name}", where=where, name=repr(min(absent))),
                hint=_advice(self._ignored),
            )
        if self._ignored:
            shown = ", ".join(list(self._ignored)[:SHOWN])
            self._reader.findings.note(sentence("Quantities that were not asked for: {names}.", names=shown))
        sources = [(self._targets(name), series) for (name, _), series in self._series.items()]
        yield from _merged(sources, self._shape, self._reader)

    def _append(self, name: str, cells: Sequence[str], at: int, number: float | None) -> None:
        self._lines += 1
        if self._lines > LINES_MOST:
            raise BadInput(
                sentence(
                    "more than {count} lines of a long file are not gathered at once",
                    count=LINES_MOST,
                ),
                hint=sentence("Export it month by month, and import one after the other."),
            )
        tag = cells[self._shape.tag] if self._shape.tag >= 0 else ""
        series = self._series[name, tag]
        series.times.append(at)
        series.values.append(float("nan") if number is None else number)

    def _known(self, keys: Sequence[str]) -> str | None:
        """The name by which a line's quantity is known, if it is."""
        mapped, lowered = self._options.columns, [key.lower() for key in keys]
        if self._shape.is_states:
            own = lowered[0].partition(".")[2]
            return lowered[0] if lowered[0] in mapped else own if field_of(own) else None
        candidates = [":".join(lowered), *reversed(lowered)]
        return next((name for name in candidates if name in mapped or name in self._fields), None)

    def _targets(self, name: str) -> Sequence[tuple[str, float]]:
        mapped = self._options.columns.get(name)
        targets = [mapped] if mapped else self._fields[name]
        return [(known, sign * _unit(known, self._options)) for known, sign in targets]


def _merged(
    sources: Sequence[tuple[Sequence[tuple[str, float]], _Series]], shape: LongLayout, reader: RowReader
) -> Iterator[Row]:
    """Every instant at which something was reported, with the last known values of everything."""
    events = sorted(
        (at, number, place)
        for place, (_, series) in enumerate(sources)
        for at, number in zip(series.times, range(len(series.times)), strict=True)
    )
    known: list[tuple[int, float] | None] = [None] * len(sources)
    for position, (at, number, place) in enumerate(events):
        value = sources[place][1].values[number]
        known[place] = None if isnan(value) else (at, value)
        if position + 1 < len(events) and events[position + 1][0] == at:
            continue
        sums: dict[str, float | None] = {}
        unknown: set[str] = set()
        for (targets, _), last in zip(sources, known, strict=True):
            if last is not None and (shape.is_states or at - last[0] <= SAMPLE_S):
                for name, factor in targets:
                    if name in sums and not adds_up(name):
                        continue
                    sums[name] = (sums.get(name) or 0.0) + scaled(last[1], factor)
            else:
                unknown.update(name for name, _ in targets if name.endswith("_kwh_total"))
        sums.update(dict.fromkeys(unknown))
        row = reader.reading(position, at, at, sums)
        if any(value is not None for value in row[2:]):
            yield row


def _all_known() -> dict[str, tuple[Target, ...]]:
    """What every ready map knows, and our own names."""
    own = {name: ((found, 1),) for name in _own_names() if (found := field_of(name))}
    mapped = {name: targets for key in ("evcc", "solectrus") for name, targets in LAYOUTS[key].fields.items()}
    return {**mapped, **own}


def _own_names() -> Sequence[str]:
    return [name for name in (*FIELDS[2:], *ALIASES) if field_of(name) != "inverter_time"]


def _said_factor(unit: str, options: Options) -> float:
    """What makes a number in the unit of its line W or kWh; nothing where somebody said a unit for all."""
    if unit in POWER_UNITS:
        return 1.0 if options.power_unit else POWER_UNITS[unit]
    return 1.0 if options.energy_unit else ENERGY_UNITS.get(unit, 1.0)


def _unit(name: str, options: Options) -> float:
    if name.endswith("_w"):
        return POWER_UNITS[options.power_unit or "W"]
    return ENERGY_UNITS[options.energy_unit or "kWh"] if name.endswith("_kwh_total") else 1.0


def _advice(names: dict[str, int]) -> str:
    shown = [name for name, _ in sorted(names.items(), key=lambda each: -each[1])[:SHOWN]]
    maps = [f"--map {name}={guess}" for name in shown if (guess := _guess(name))]
    example = " ".join(maps[:4]) or "--map sensor.NAME=solar_w"
    return sentence(
        "It holds: {names}. Say what they are, for example: {example}",
        names=", ".join(shown) or "-",
        example=example,
    )


def _guess(name: str) -> str | None:
    words = name.lower().replace(".", "_").split("_")
    found = next((GUESSES[word] for word in words if word in GUESSES), None)
    if not found or not found.endswith("_w") or not {"energy", "kwh", "total", "yield"} & set(words):
        return found
    quantity = found.removesuffix("_w")
    if quantity in BOTH_WAYS:
        quantity += "_out" if OUTWARDS & set(words) else "_in"
    return f"{quantity}_kwh_total"
