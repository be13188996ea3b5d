"""The text of a file, whatever its encoding, and how its columns are divided."""

import codecs
import csv
import io
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import chain, islice, pairwise
from pathlib import Path
from typing import BinaryIO, TextIO

from liveone.errors import BadInput, said, sentence

STANDARD_INPUT = Path("-")
MARKS = ",;\t|"
LOOK_BYTES = 64
SAMPLE_LINES, SAMPLE_CHARS = 2_000, 1_000_000
TITLES_MAX = 10
LINE_CHARS_MAX = 65_536
"""No row of readings is so long: hundreds of such lines are kept in memory at once."""

HEADER_WITHIN = 40
"""Among so many first lines a header is looked for."""
AS_TEXT = re.compile(r'="([^"]*)"')
"""A cell that a spreadsheet is not to take for a number or a time: ``="01:00"``."""

SPREADSHEETS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
"""How .xlsx, .ods and .xls begin."""
SMA_LINE, SMA_MARKS = "version csv1|", {"semicolon": ";", "comma": ",", "tab": "\t"}
"""How the files of SMA's programs begin, and what they call what divides their columns."""
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@contextmanager
def opened(path: Path, encoding: str | None) -> Iterator[TextIO]:
    """A file, or standard input for ``-``, as text. Raises BadInput where it cannot be read."""
    try:
        with _bytes_of(path) as raw:
            text = io.TextIOWrapper(raw, _encoding(raw, encoding), newline="")
            yield text
            text.detach()
    except OSError as error:
        raise BadInput(
            sentence("{path} cannot be read: {strerror}", path=path, strerror=error.strerror)
        ) from error
    except UnicodeError as error:
        raise BadInput(
            sentence(
                "{path} is not {encoding} text: {reason}",
                path=path,
                encoding=encoding or "UTF-8",
                reason=said(error),
            ),
            hint=sentence(
                "Say how it was written (--encoding cp1252 is usual on Windows), or save it in UTF-8."
            ),
        ) from error
    except LookupError as error:
        raise BadInput(
            sentence("no encoding is called {encoding}", encoding=repr(encoding)),
            hint=sentence("cp1252, utf-16, latin-1 ..."),
        ) from error


@contextmanager
def _bytes_of(path: Path) -> Iterator[io.BufferedReader]:
    if path == STANDARD_INPUT:
        yield io.BufferedReader(_Piped(sys.stdin.buffer))
        return
    with path.open("rb") as file:
        yield file


class _Piped(io.RawIOBase):
    """Standard input as a stream whose beginning can be looked at."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "bytearray | memoryview") -> int:  # type: ignore[override]
        data = self._stream.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def _encoding(file: io.BufferedReader, encoding: str | None) -> str:
    """By the mark at the beginning; without one by the zeros that UTF-16 has in plain text."""
    begins = file.peek(LOOK_BYTES)[:LOOK_BYTES]
    if begins.startswith(SPREADSHEETS):
        raise BadInput(
            sentence("this is a spreadsheet, not its text"), hint=sentence("Save it as CSV first.")
        )
    if encoding:
        return _known(encoding)
    for bom, name in _BOMS:
        if begins.startswith(bom):
            return name
    even, odd = begins[0::2].count(0), begins[1::2].count(0)
    if max(even, odd) > len(begins) // 4:
        return "utf-16-be" if even > odd else "utf-16-le"
    return "utf-8"


def _known(encoding: str) -> str:
    """The name of an encoding of text: Python calls other conversions codecs too. Raises LookupError."""
    try:
        is_text = codecs.lookup(encoding)._is_text_encoding
    except ValueError:  # a zero byte in the name
        is_text = False
    if not is_text:
        raise LookupError(encoding)
    return encoding


class FileLines:
    """The lines of a text behind its preamble: `sep=;`, SMA's line about the file, comments, blank lines and
    titles (lines of one cell) before the header.

    ``sample`` holds the first of them, ``delimiter`` divides the columns, ``skipped`` lines came before;
    ``decimal`` is the mark of fractions, where the preamble says it.
    """

    def __init__(self, text: TextIO) -> None:
        self.skipped, declared = 0, ""
        self.decimal: str | None = None
        titles: list[str] = []
        lines = _bounded(text)
        for line in lines:
            bare = line.strip("\ufeff\r\n ")
            if bare.lower().startswith("sep="):
                declared = bare[4:5] or "\t"
            elif bare.lower().startswith(SMA_LINE):
                said = dict(part.lower().split(maxsplit=1) for part in bare.split("|") if " " in part.strip())
                declared = declared or SMA_MARKS.get(said.get("delimiter", ""), "")
                self.decimal = {"comma": ",", "dot": "."}.get(said.get("decimalpoint", ""))
            elif titles or (bare and not bare.startswith("#")):
                titles.append(line)
                if _is_divided(line, declared) or len(titles) > TITLES_MAX:
                    break
                continue
            self.skipped += 1
        if titles and _is_divided(titles[-1], declared):
            self.skipped += len(titles) - 1
            titles = titles[-1:]
        self.sample = [*titles, *_first(lines)]
        self.delimiter = declared or _divides(_first_row(self.sample))
        self._rest = lines

    def __iter__(self) -> Iterator[str]:
        sample, self.sample = self.sample, []
        return chain(sample, self._rest)

    def begin_at(self, is_header: Callable[[Sequence[str], Sequence[str]], bool]) -> None:
        """Pass over what stands above the header: whose account it is, which meter, what period.

        ``is_header`` is asked with a row and the one below it; where it never says yes, all stays.
        """
        rows = self.sample[:HEADER_WITHIN]
        for place, (line, below) in enumerate(pairwise(rows)):
            mark = _divides(line)
            first, second = (next(csv.reader([each], delimiter=mark), []) for each in (line, below))
            if is_header(first, second):
                self.sample, self.delimiter = self.sample[place:], mark
                self.skipped += place
                return

    def sampled(self) -> list[list[str]]:
        """The first lines, cell by cell; a quote may be open at their end."""
        return list(csv.reader(self.sample, delimiter=self.delimiter))


def _bounded(text: TextIO) -> Iterator[str]:
    """The lines of a text. Raises BadInput for one that is too long."""
    read = partial(text.readline, LINE_CHARS_MAX)
    for number, line in enumerate(iter(read, ""), 1):
        if len(line) >= LINE_CHARS_MAX:
            raise BadInput(
                sentence(
                    "line {number} is longer than {count} characters",
                    number=str(number),
                    count=LINE_CHARS_MAX,
                ),
                hint=sentence("Is this CSV? A row of readings stands on a line of its own."),
            )
        yield AS_TEXT.sub(r'"\1"', line) if '="' in line else line


def _first(lines: Iterator[str]) -> Iterator[str]:
    """Lines to look at before any is read: so many, and so much text."""
    size = 0
    for line in islice(lines, SAMPLE_LINES):
        yield line
        size += len(line)
        if size >= SAMPLE_CHARS:
            return


def _is_divided(line: str, declared: str) -> bool:
    """Whether a line has columns, or a cell that goes on in the next; portals write the name of a plant or a
    report above them."""
    if line.count('"') % 2:
        return True
    bare = _unquoted(line)
    return declared in bare if declared else any(mark in bare for mark in MARKS)


def _first_row(lines: list[str]) -> str:
    """The first row, which may go on behind a line break between quotes."""
    for count in range(1, min(len(lines), TITLES_MAX) + 1):
        row = "".join(lines[:count])
        if row.count('"') % 2 == 0:
            return row
    return next(iter(lines), "")


def _unquoted(line: str) -> str:
    return "".join(piece for place, piece in enumerate(line.split('"')) if place % 2 == 0)


def _divides(line: str) -> str:
    """What divides the columns of a header: the mark that it has most of outside quotes."""
    bare = _unquoted(line)
    counts = Counter(mark for mark in bare if mark in MARKS)
    return max(MARKS, key=lambda mark: counts[mark]) if counts else ","
