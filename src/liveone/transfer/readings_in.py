"""Readings from a CSV or JSON file, row by row; a bad row is reported and passed over, never guessed at."""

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TextIO

from liveone.errors import BadInput
from liveone.transfer.columns import FIELDS, Row, convert_columns, converter, match_header
from liveone.transfer.json_in import json_items

CHUNK_ROWS = 250
LINE_BREAK = re.compile(r"\r\n|\r|\n")
BAD_LINES_KEPT = 1000


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that holds no usable reading."""

    line: int
    reason: str


@dataclass(slots=True)
class Source:
    """An open file of readings: iterate ``rows``, then look at ``bad``.

    ``progress`` is told how many bytes of the file have been consumed; ``bad`` keeps the first
    thousand bad lines, ``bad_count`` counts all.
    """

    path: Path
    progress: Callable[[int], None] = lambda _: None
    bad: list[BadLine] = field(default_factory=list)
    bad_count: int = 0

    @property
    def size_bytes(self) -> int:
        return self.path.stat().st_size

    def rows(self) -> Iterator[Row]:
        """Rows in the order of Reading's fields. Raises BadInput where the file as a whole is unusable."""
        if self.path.suffix.lower() == ".json":
            yield from self._by_row(self._json_cells(), range(len(FIELDS)))
            return
        try:
            with self.path.open(encoding="utf-8-sig", newline="") as file:
                yield from self._csv_rows(file)
        except OSError as error:
            raise BadInput(f"{self.path} cannot be read: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise BadInput(
                f"{self.path} is not UTF-8 text: {error}", hint="Save it as CSV in UTF-8."
            ) from error
        except csv.Error as error:
            raise BadInput(f"{self.path} is not CSV: {error}") from error

    def _csv_rows(self, file: TextIO) -> Iterator[Row]:
        """Chunks are converted column by column; one with a bad line in it, row by row, to name the line."""
        reader = csv.reader(file)
        header = next(reader, None)
        if not header:
            raise BadInput(f"{self.path} is empty", hint="The first line must name the columns.")
        places = match_header(header, str(self.path))
        line = reader.line_num
        while chunk := list(islice(reader, CHUNK_ROWS)):
            yield from convert_columns(chunk, len(header), places) or self._by_row(
                self._whole_lines(chunk, line, len(header)), places
            )
            line = reader.line_num
            self.progress(file.buffer.tell())

    def _whole_lines(
        self, chunk: Iterable[list[str]], line: int, width: int
    ) -> Iterator[tuple[int, list[str]]]:
        """Rows with the number of the line they end on; ``line`` is the one before the first."""
        for cells in chunk:
            breaks = sum(len(LINE_BREAK.findall(cell)) for cell in cells)
            line += 1 + breaks
            if len(cells) == width:
                yield line, cells
            elif cells:
                quoted = f"; a quote of line {line - breaks} reaches to here" if breaks else ""
                self._refuse(line, f"{len(cells)} values for {width} columns{quoted}")

    def _by_row(self, lines: Iterable[tuple[int, list[str]]], places: Sequence[int]) -> Iterator[Row]:
        plan = [(converter(field), place) for field, place in zip(FIELDS, places, strict=True)]
        for line, cells in lines:
            try:
                row = tuple([convert("" if place < 0 else cells[place]) for convert, place in plan])
            except (ValueError, OverflowError):
                self._refuse(line, _reason(cells, places))
                continue
            if row[0] is None:
                self._refuse(line, "no inverter_time")
            elif row[1] is None:
                yield (row[0], row[0], *row[2:])
            else:
                yield row

    def _json_cells(self) -> Iterator[tuple[int, list[str]]]:
        known: dict[tuple[str, ...], list[int]] = {}
        for position, item, problem in json_items(self.path, self.progress):
            if problem or not isinstance(item, dict):
                self._refuse(position, problem or "not an object")
                continue
            titles = tuple(item)
            if titles not in known:
                known.clear()
                known[titles] = match_header(titles, f"{self.path}, item {position}")
            values = list(item.values())
            yield position, ["" if at < 0 or values[at] is None else str(values[at]) for at in known[titles]]
        self.progress(self.size_bytes)

    def _refuse(self, line: int, reason: str) -> None:
        self.bad_count += 1
        if len(self.bad) < BAD_LINES_KEPT:
            self.bad.append(BadLine(line, reason))


def _reason(cells: Sequence[str], places: Sequence[int]) -> str:
    """What is wrong with the first bad cell of a line, and in which column it stands."""
    for name, place in zip(FIELDS, places, strict=True):
        try:
            converter(name)("" if place < 0 else cells[place])
        except (ValueError, OverflowError) as error:
            return f"{name}: {error}"
    return ""
