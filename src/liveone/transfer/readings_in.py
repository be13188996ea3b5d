"""Readings from a CSV or JSON file, row by row; a bad row is reported and passed over, never guessed at."""

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TextIO

from liveone.domain.zones import Zone, is_known
from liveone.errors import BadInput, said, sentence
from liveone.transfer.columns import Converter, Row, convert_columns
from liveone.transfer.energy_table import EnergyTable, is_energy_table
from liveone.transfer.header import ColumnPlan, is_header, name_of, planned
from liveone.transfer.json_in import json_items
from liveone.transfer.layouts import LAYOUTS, PVOUTPUT_COLUMNS, recognised
from liveone.transfer.long_in import LongFile, shape_of
from liveone.transfer.nem12 import Nem12File, is_nem12
from liveone.transfer.numbers import Numbers, decimal_of
from liveone.transfer.options import Findings, LineProblem, Options
from liveone.transfer.records import Records, RowBatch
from liveone.transfer.rows import RowReader, interval_of
from liveone.transfer.sma import sma_header
from liveone.transfer.text_in import STANDARD_INPUT, FileLines, opened
from liveone.transfer.times import TimeReader, date_order_of, is_clock, is_falling
from liveone.transfer.told_in_rows import (
    holds_units,
    is_reading,
    refuse_other_table,
    refuse_rows_of_devices,
    refuse_unlikely_watts,
    units_told,
)

PVOUTPUT_LINE = re.compile(r"\d{8},\d\d:\d\d,")
VRM_DEVICE = re.compile(r"System overview \[\d+\]", re.IGNORECASE)
VRM_ZONE = re.compile(r"([A-Za-z_]+/[A-Za-z_/]+|UTC)\b.*")
HOME_ASSISTANT_ENERGY = sentence("Home Assistant (energy)")

Progress = Callable[[int], None]


@dataclass(slots=True)
class ReadingsFile:
    """An open file of readings: iterate ``rows``, then look at ``findings``. ``-`` is standard input.

    ``progress`` is told how many bytes of the file have been consumed.
    """

    path: Path
    progress: Progress = lambda _: None
    options: Options = field(default_factory=Options)
    findings: Findings = field(default_factory=Findings)

    @property
    def size_bytes(self) -> int:
        return 0 if self.path == STANDARD_INPUT else self.path.stat().st_size

    @property
    def bad(self) -> list[LineProblem]:
        """The first thousand lines that hold no usable reading."""
        return self.findings.bad

    @property
    def bad_count(self) -> int:
        return self.findings.bad_count

    def rows(self) -> Iterator[Row]:
        """Rows in the order of Reading's fields. Raises BadInput where the file as a whole is unusable."""
        if self.path.suffix.lower() == ".json":
            yield from self._json_rows()
            return
        try:
            with opened(self.path, self.options.encoding) as text:
                yield from self._csv_rows(text)
        except csv.Error as error:
            raise BadInput(
                sentence("{path} is not CSV: {reason}", path=self.path, reason=said(error)),
                hint=sentence("A single cell of it is longer than a reading."),
            ) from error

    def _csv_rows(self, text: TextIO) -> Iterator[Row]:
        lines = FileLines(text)
        if not lines.sample:
            raise BadInput(
                sentence("{path} is empty", path=self.path),
                hint=sentence("The first line must name the columns."),
            )
        table = CsvTable(lines, self.options, self.findings, str(self.path))
        yield from table.rows(lambda: self.progress(text.buffer.tell() if text.seekable() else 0))

    def _json_rows(self) -> Iterator[Row]:
        known: dict[tuple[str, ...], RowReader] = {}
        converter = Converter(_times(self.options, None, []), Numbers(self.options.decimal or "."))
        for position, item, problem in json_items(self.path, self.progress):
            if problem or not isinstance(item, dict):
                self.findings.refuse(position, problem or "not an object")
                continue
            titles = tuple(item)
            if titles not in known:
                known.clear()
                plan = planned(titles, self.options, f"{self.path}, item {position}")
                _refuse_energies(plan, str(self.path))
                _say_plan(plan, self.findings)
                known[titles] = RowReader(plan, converter, self.findings)
            cells = ["" if value is None else str(value) for value in item.values()]
            row = known[titles].read(position, cells)
            if row is not None:
                yield row
        _say_end(converter.times, self.findings)
        self.progress(self.size_bytes)


class CsvTable:
    """The lines of a CSV: their header understood, then their rows."""

    def __init__(self, lines: FileLines, options: Options, findings: Findings, where: str) -> None:
        self._lines, self._options, self._findings, self._where = lines, options, findings, where
        self._is_pvoutput = options.layout == "pvoutput" or bool(PVOUTPUT_LINE.match(lines.sample[0]))
        self._is_nem12 = options.layout == "nem12" or is_nem12(lines.sampled()[0])
        sampled = self._begun(lines)
        self._heads, self._titles, self._units = self._header(sampled)
        body = self._records(lines.sample)
        names = [name_of(title) for title in self._titles]
        self._shape = shape_of(names)
        layout = LAYOUTS.get(self._options.layout) or LAYOUTS.get(recognised(names) or "")
        cells = [cell for row in body for cell in row]
        said = options.decimal or lines.decimal or (layout.decimal if layout else None)
        decimal = said or decimal_of(cells, lines.delimiter)
        self._numbers = Numbers(decimal)
        self._body = body

    def _begun(self, lines: FileLines) -> list[list[str]]:
        """The first lines, cell by cell, from the header on; forms known by several lines stay whole."""
        sampled = lines.sampled()
        is_vrm = any(VRM_DEVICE.fullmatch(cell.strip()) for cell in sampled[0])
        if not (self._is_pvoutput or self._is_nem12 or is_vrm or sma_header(sampled, self._where)):
            lines.begin_at(partial(is_header, options=self._options))
        return lines.sampled()

    def rows(self, tell: Callable[[], None]) -> Iterator[Row]:
        """All readings; ``tell`` is called now and then."""
        records = Records(self._texts(), self._lines.delimiter, self._lines.skipped)
        records.skip(self._heads)
        if self._is_nem12:
            yield from self._nem12_rows(records, tell)
            return
        if self._shape is not None:
            yield from self._long_rows(records, tell)
            return
        if is_energy_table(self._titles):
            yield from self._energy_rows(records, tell)
            return
        units = self._units or units_told(self._titles, self._body)
        plan = planned(self._titles, self._options, self._where, units)
        refuse_rows_of_devices(plan, self._titles, self._body, self._where)
        if not (units or self._options.power_unit):
            refuse_unlikely_watts(plan, self._titles, self._body, self._numbers, self._where)
        _say_plan(plan, self._findings)
        times = _times(self._options, plan, self._body)
        rows = RowReader(plan, Converter(times, self._numbers), self._findings)
        if plan.of_interval:
            rows.interval_s = self._interval_s(plan)
        yield from self._wide_rows(records, rows, tell)
        _say_end(rows.converter.times, self._findings)

    def _wide_rows(self, records: Records, rows: RowReader, tell: Callable[[], None]) -> Iterator[Row]:
        """Chunks are converted column by column; one with an odd cell in it, row by row."""
        plan = rows.plan
        places = plan.places
        for chunk in records.chunks(plan.width):
            before = rows.converter.times.copy()
            found = places and convert_columns(chunk.rows, plan.width, places, rows.converter)
            if found:
                self._refuse_unclosed(chunk)
                yield from found
            else:
                rows.converter.times = before
                for number, cells in self._whole_lines(chunk, plan.width):
                    if cells == self._titles:
                        continue
                    if rows.converter.times.last_at is not None:
                        refuse_other_table(number, cells, self._where)
                    row = rows.read(number, cells)
                    if row is not None:
                        yield row
            tell()

    def _long_rows(self, records: Records, tell: Callable[[], None]) -> Iterator[Row]:
        assert self._shape is not None
        converter = Converter(_times(self._options, None, self._body), self._numbers)
        plan = ColumnPlan((self._shape.time,), len(self._titles))
        rows = RowReader(plan, converter, self._findings)
        gathered = LongFile(self._shape, self._options, converter, rows)
        for chunk in records.chunks(len(self._titles)):
            self._refuse_unclosed(chunk)
            for line, cells in zip(chunk.lines, chunk.rows, strict=True):
                if cells and not cells[0].startswith("#") and cells != self._titles:
                    gathered.take(line, cells, len(self._titles))
            tell()
        self._findings.columns = gathered.columns
        yield from gathered.rows(self._where)
        _say_end(converter.times, self._findings)

    def _energy_rows(self, records: Records, tell: Callable[[], None]) -> Iterator[Row]:
        converter = Converter(_times(self._options, None, []), self._numbers)
        reader = RowReader(ColumnPlan((0,), len(self._titles)), converter, self._findings)
        try:
            table = EnergyTable(self._titles, converter, reader)
        except ValueError as error:
            raise BadInput(f"{self._where}: {error}") from error
        for chunk in records.chunks(len(self._titles)):
            for line, cells in self._whole_lines(chunk, len(self._titles)):
                table.take(line, cells)
            tell()
        self._findings.note(sentence("Read as {title}.", title=HOME_ASSISTANT_ENERGY))
        self._findings.columns = table.columns
        yield from table.rows(self._where)

    def _nem12_rows(self, records: Records, tell: Callable[[], None]) -> Iterator[Row]:
        converter = Converter(_times(self._options, None, []), Numbers("."))
        found = Nem12File(converter, RowReader(ColumnPlan((0,), 0), converter, self._findings))
        for chunk in records.chunks(0):
            for line, cells in zip(chunk.lines, chunk.rows, strict=True):
                found.take(line, cells)
            tell()
        self._findings.note(sentence("Read as {title}.", title=LAYOUTS["nem12"].title))
        self._findings.columns = found.columns
        yield from found.rows(self._where)

    def _records(self, lines: Sequence[str]) -> list[list[str]]:
        """The records of the first lines behind the header."""
        records = Records(lines, self._lines.delimiter)
        records.skip(self._heads)
        return [cells for chunk in records.chunks(len(self._titles)) for cells in chunk.rows]

    def _refuse_unclosed(self, chunk: RowBatch) -> None:
        for line in chunk.unclosed:
            self._findings.refuse(line, sentence("a quotation mark opens here and is not closed"))

    def _texts(self) -> Iterator[str]:
        if not self._is_pvoutput:
            return iter(self._lines)
        return (f"{part}\n" for line in self._lines for part in line.strip().split(";") if part)

    def _header(self, sampled: Sequence[list[str]]) -> tuple[int, list[str], list[str] | None]:
        """How many lines the header has, the columns' names, and their units where a line holds them."""
        first = sampled[0]
        second, third = (sampled[place] if len(sampled) > place else [] for place in (1, 2))
        if self._is_pvoutput:
            self._options = _with_layout(self._options, "pvoutput")
            width = len(self._lines.sample[0].split(";")[0].split(","))
            return 0, list(PVOUTPUT_COLUMNS[:width]), None
        if self._is_nem12:
            return 0, [], None
        if found := sma_header(sampled, self._where):
            self._options = _with_layout(self._options, "sma")
            self._options = replace(self._options, date_order=self._options.date_order or found.date_order)
            return found.lines, found.titles, found.units
        if is_reading(first):
            self._refuse_unnamed(first)
            return 0, [str(place) for place in range(1, len(first) + 1)], None
        if any(VRM_DEVICE.fullmatch(cell.strip()) for cell in first):
            return self._vrm_header(first, second, third)
        if len(second) != len(first) or not holds_units(second):
            return 1, first, None
        self._take_zone(second[0])
        return 2, first, second if any(second) else None

    def _refuse_unnamed(self, first: Sequence[str]) -> None:
        if not self._options.columns:
            shown = self._lines.delimiter.join(first)[:80]
            raise BadInput(
                sentence(
                    "{where} has no header: its first line is a reading, {text}",
                    where=self._where,
                    text=repr(shown),
                ),
                hint=sentence(
                    "Say which column is what by its place: --map 1=timestamp,2=solar_w. A date and a clock "
                    "apart are both timestamp."
                ),
            )

    def _vrm_header(
        self, devices: list[str], names: list[str], units: list[str]
    ) -> tuple[int, list[str], list[str] | None]:
        """Victron's log: devices, quantities, units; the time zone stands in the second line."""
        self._options = _with_layout(self._options, "victron")
        self._take_zone(names[0] if names else "")
        titles = [
            name if VRM_DEVICE.fullmatch(device.strip()) else f"{device}: {name}"
            for device, name in zip(devices, names, strict=False)
        ]
        return 3, ["timestamp", *titles[1:]], units if len(units) == len(titles) else None

    def _take_zone(self, cell: str) -> None:
        """Where a header names the time zone, as Victron's does, the times are of that zone."""
        if match := VRM_ZONE.match(cell.strip()):
            self._options = _with_zone(self._options, match[1])

    def _interval_s(self, plan: ColumnPlan) -> int:
        """The usual distance between the file's times; of those that can be read."""
        times, found, refused = _times(self._options, plan, self._body), [], ""
        places = plan.times[:1] if plan.is_span else plan.times
        for cells in self._body:
            if len(cells) == plan.width:
                try:
                    found.append(times.read(" ".join(cells[place] for place in places).strip()))
                except ValueError as error:
                    refused = refused or str(error)
        if refused and not found:
            raise BadInput(
                sentence("{where}: no time of it can be read: {reason}", where=self._where, reason=refused)
            )
        return interval_of(found, self._where)

    def _whole_lines(self, chunk: RowBatch, width: int) -> Iterator[tuple[int, list[str]]]:
        """Rows of a chunk that are whole, with the number of the line they end on."""
        self._refuse_unclosed(chunk)
        for line, cells in zip(chunk.lines, chunk.rows, strict=True):
            if len(cells) == width:
                yield line, cells
            elif len(cells) == width + 1 and not cells[-1]:
                yield line, cells[:-1]
            elif any(cells):
                self._findings.refuse(
                    line, sentence("{count} values for {width} columns", count=len(cells), width=width)
                )


def _times(options: Options, plan: ColumnPlan | None, body: Sequence[Sequence[str]]) -> TimeReader:
    """What reads a file's times; those that a ready map knows to be local are of the system's zone."""
    layout = plan.layout if plan else None
    known = Zone(0) if plan and plan.is_utc else None
    if layout and layout.has_local_times:
        known = known or options.usual_zone
    zone = options.zone or known
    if plan is None:
        return TimeReader(zone, options.date_order, options.latest_at, usual_zone=options.usual_zone)
    texts = [" ".join(row[place] for place in plan.times) for row in body if len(row) >= plan.width]
    order = options.date_order or date_order_of(texts)
    falling = zone is not None and is_falling(texts, order)
    found = TimeReader(zone, order, options.latest_at, is_falling=falling, usual_zone=options.usual_zone)
    found.day = options.day if texts and all(map(is_clock, texts)) else None
    return found


def _refuse_energies(plan: ColumnPlan, where: str) -> None:
    """Items come one by one: how long the intervals are is not known before the file has ended."""
    if plan.of_interval:
        raise BadInput(
            sentence("{where} holds energies of intervals, which are read from CSV only", where=where),
            hint=sentence("Save it as CSV."),
        )


def _say_plan(plan: ColumnPlan, findings: Findings) -> None:
    findings.columns = plan.columns
    if plan.layout:
        findings.note(sentence("Read as {title}.", title=plan.layout.title))
    elif plan.of_interval:
        findings.note(sentence("Energies of intervals were read as their mean power."))
    if plan.ignored:
        findings.note(sentence("Columns that were not read: {names}.", names=", ".join(plan.ignored)))


def _say_end(times: TimeReader, findings: Findings) -> None:
    if times.zone is not None:
        findings.note(sentence("Times without an offset are those of {zone}.", zone=times.zone))
    if times.day:
        findings.note(sentence("Its times have no date: the name of the file says {day}.", day=times.day))
    if times.twice_count:
        days = ", ".join(times.twice[:5])
        findings.note(
            sentence(
                "{count} times lie in an hour that comes twice ({days}): the order of the file "
                "decides, and the first of the two where it does not.",
                count=times.twice_count,
                days=days,
            )
        )


def _with_layout(options: Options, layout: str) -> Options:
    return replace(options, layout=layout) if options.layout == "auto" else options


def _with_zone(options: Options, name: str) -> Options:
    return replace(options, zone=Zone(0, name)) if options.zone is None and is_known(name) else options
