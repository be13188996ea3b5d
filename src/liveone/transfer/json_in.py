"""The items of a JSON file: one at a time where each has a line of its own, as our export writes them.

Rule: a file in another form is read as a whole, and so must be small. A line that is not JSON is reported
like a bad line of a CSV; the others are read.
"""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from liveone.errors import BadInput, said, sentence

WHOLE_BYTES_MAX = 64 * 1024 * 1024
"""Read as a whole a file takes some eight times its size in memory."""
TOLD_EVERY = 1000
LINE_BYTES_MAX = 1024 * 1024

Item = tuple[int, Any, str]
"""A place (the line, or the position in a file read as a whole), what is there, and what is wrong with it."""


def json_items(path: Path, progress: Callable[[int], None]) -> Iterator[Item]:
    """The items of the array in a file; ``progress`` is told how many bytes have been consumed.

    Raises BadInput where the file as a whole is not JSON, holds no array, or is too large.
    """
    try:
        with path.open("rb") as file:
            by_line = _is_by_line(file)
            file.seek(0)
            yield from _by_line(file, progress) if by_line else _whole(path, file)
    except OSError as error:
        raise BadInput(
            sentence("{path} cannot be read: {strerror}", path=path, strerror=error.strerror)
        ) from error


def _is_by_line(file: BinaryIO) -> bool:
    """Whether the file begins ``[``, and then a line that is an object by itself."""
    first, second = file.readline(LINE_BYTES_MAX).strip(), file.readline(LINE_BYTES_MAX).strip()
    return first == b"[" and second.startswith(b"{") and second.endswith((b"}", b"},"))


def _by_line(file: BinaryIO, progress: Callable[[int], None]) -> Iterator[Item]:
    number, has_ended = 1, False
    for number, line in enumerate(islice(iter(partial(file.readline, LINE_BYTES_MAX), b""), 1, None), 2):
        if len(line) >= LINE_BYTES_MAX:
            raise BadInput(
                sentence(
                    "line {number} is longer than {count} bytes",
                    number=str(number),
                    count=LINE_BYTES_MAX,
                )
            )
        text = line.strip().removesuffix(b",")
        if has_ended or text == b"]" or not text:
            has_ended = has_ended or text == b"]"
            continue
        try:
            yield number, orjson.loads(text), ""
        except orjson.JSONDecodeError as error:
            yield number, None, f"not JSON: {error}"
        if number % TOLD_EVERY == 0:
            progress(file.tell())
    if not has_ended:
        yield number, None, "the array does not end here: is the file whole?"


def _whole(path: Path, file: BinaryIO) -> Iterator[Item]:
    if path.stat().st_size > WHOLE_BYTES_MAX:
        raise BadInput(
            sentence("{path} is too large for JSON in this form", path=path),
            hint=sentence("Write each object on a line of its own, as `liveone export` does, or use CSV."),
        )
    try:
        document = orjson.loads(file.read())
    except orjson.JSONDecodeError as error:
        raise BadInput(sentence("{path} is not JSON: {reason}", path=path, reason=said(error))) from error
    if isinstance(document, dict):
        document = document.get("rows")  # as /api/history answers with format=rows
    if not isinstance(document, list):
        raise BadInput(
            sentence("{path} must hold a JSON array of readings", path=path),
            hint=sentence("An array of objects, or an object with such an array called rows."),
        )
    for position, item in enumerate(document, 1):
        yield position, item, ""
