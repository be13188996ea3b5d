"""A file parsed in a process of its own: parser and writer would share one interpreter's lock otherwise.

The child writes frames to its standard output: a kind, the length, and what ``marshal`` made of plain values;
both ends are the same interpreter. Its end without a last frame is an error.
"""

import marshal
import pickle
import struct
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import BinaryIO, cast

from liveone.errors import BadInput, LiveOneError
from liveone.transfer.columns import Row
from liveone.transfer.options import Findings
from liveone.transfer.readings_in import ReadingsFile
from liveone.transfer.text_in import STANDARD_INPUT

WORTH_BYTES = 4_000_000
"""Below it a second interpreter takes longer to start than it saves."""
ROWS = 2_000
HEAD = struct.Struct("!cQ")


def rows_of(source: ReadingsFile) -> Iterator[Row]:
    """The rows of a file like ``source.rows()``, parsed beside this process where it is large."""
    if source.path == STANDARD_INPUT or source.size_bytes < WORTH_BYTES:
        return source.rows()
    return _apart(source)


def _apart(source: ReadingsFile) -> Iterator[Row]:
    command = [sys.executable, "-m", "liveone.transfer.apart"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        try:
            pickle.dump(replace(source, progress=print), child.stdin)
            child.stdin.close()
            yield from _received(source, cast(BinaryIO, child.stdout))
        finally:
            child.kill()


def _received(source: ReadingsFile, pipe: BinaryIO) -> Iterator[Row]:
    while head := pipe.read(HEAD.size):
        kind, length = HEAD.unpack(head)
        data = pipe.read(length)
        if kind == b"r":
            rows, done = marshal.loads(data)
            yield from rows
            source.progress(done)
        elif kind == b"c":
            source.findings.columns = marshal.loads(data)
        elif kind == b"e":
            raise _error(pickle.loads(data))
        else:
            source.findings = pickle.loads(data)
            return
    raise LiveOneError(f"the process that read {source.path} ended before the file did")


def _error(words: tuple[str, str]) -> BadInput:
    return BadInput(words[0], hint=words[1])


def _serve(asked: BinaryIO, out: BinaryIO) -> None:
    source: ReadingsFile = pickle.load(asked)
    done = 0

    def note(at: int) -> None:
        nonlocal done
        done = at

    source.progress, source.findings = note, Findings()
    try:
        rows = source.rows()
        while piece := list(islice(rows, ROWS)):
            if not done:
                _send(out, b"c", marshal.dumps(source.findings.columns))
            _send(out, b"r", marshal.dumps((piece, done)))
    except BadInput as error:
        _send(out, b"e", pickle.dumps((error.args[0], error.hint)))
    else:
        _send(out, b"f", pickle.dumps(source.findings))


def _send(out: BinaryIO, kind: bytes, data: bytes) -> None:
    out.write(HEAD.pack(kind, len(data)))
    out.write(data)


if __name__ == "__main__":
    _serve(sys.stdin.buffer, sys.stdout.buffer)
