"""The records of a CSV, a chunk at a time, with their lines; a quote that is never closed is named.

``csv`` makes one cell of everything behind such a quote. A record that reaches over several lines is believed
here only if it has as many cells as the header and no line within it would be a record of its own.
"""

import csv
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

CHUNK_LINES = 250
LINES_MOST = 100
"""No cell reaches over more lines."""


@dataclass(frozen=True, slots=True)
class RowBatch:
    """``rows`` and the line on which each ends; in the lines ``unclosed`` a quote opens and stays open."""

    lines: Sequence[int]
    rows: list[list[str]]
    unclosed: list[int] = field(default_factory=list)


class Records:
    """The records in ``lines``; ``line`` of the file came before the first of them."""

    def __init__(self, lines: Iterable[str], delimiter: str, line: int = 0) -> None:
        self._lines, self._delimiter, self._line = iter(lines), delimiter, line
        self._ahead: deque[str] = deque()

    def skip(self, count: int) -> None:
        """Pass so many records over: those of the header."""
        reader = csv.reader(self._counted(), delimiter=self._delimiter)
        for _ in range(count):
            next(reader, None)

    def chunks(self, width: int) -> Iterator[RowBatch]:
        """All others, which should have ``width`` cells."""
        while lines := self._take(CHUNK_LINES):
            rows = self._parsed(lines)
            if len(rows) == len(lines) and self._is_closed(lines[-1]):
                first = self._line + 1
                self._line += len(lines)
                yield RowBatch(range(first, self._line + 1), rows)
            else:
                yield self._mended(lines, width)

    def _mended(self, lines: Sequence[str], width: int) -> RowBatch:
        """The same of lines among which a quote is open, one record after the other."""
        waiting, last = deque(lines), self._line + len(lines)
        numbers: list[int] = []
        found = RowBatch(numbers, [])
        while self._line < last:
            cells, length = self._record(waiting, width)
            for _ in range(length):
                waiting.popleft()
            self._line += length
            if cells is None:
                found.unclosed.append(self._line)
            else:
                numbers.append(self._line)
                found.rows.append(cells)
        self._ahead.extendleft(reversed(waiting))
        return found

    def _record(self, waiting: deque[str], width: int) -> tuple[list[str] | None, int]:
        """The first record and how many lines it has; None where its quote is not closed."""
        if self._is_closed(waiting[0]):
            return (self._parsed([waiting[0]]) or [[]])[0], 1
        for count in range(2, LINES_MOST + 1):
            if len(waiting) < count:
                waiting.extend(self._take(1))
            if len(waiting) < count:
                break
            if '"' not in waiting[count - 1]:
                continue
            lines = list(islice(waiting, count))
            if self._is_closed(*lines):
                return (self._parsed(lines)[0], count) if self._is_one(lines, width) else (None, 1)
        return None, 1

    def _is_one(self, lines: Sequence[str], width: int) -> bool:
        within = (len(cells) for line in lines[1:] for cells in self._parsed([line]))
        return len(self._parsed(lines)[0]) == width and width not in within

    def _is_closed(self, *lines: str) -> bool:
        """Whether no quote is open behind the lines."""
        return '"' not in lines[0] or len(self._parsed([*lines, "\n"])) > 1

    def _parsed(self, lines: Sequence[str]) -> list[list[str]]:
        return list(csv.reader(lines, delimiter=self._delimiter))

    def _take(self, count: int) -> list[str]:
        """The next lines, at most ``count``."""
        taken = [self._ahead.popleft() for _ in range(min(count, len(self._ahead)))]
        taken.extend(islice(self._lines, count - len(taken)))
        return taken

    def _counted(self) -> Iterator[str]:
        for line in self._lines:
            self._line += 1
            yield line
