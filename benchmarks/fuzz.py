"""Ten minutes of inputs led by what they cover: `python -m benchmarks.fuzz [MINUTES] [PARSER ...]`.

Needs Atheris (`pip install atheris`), which is no dependency: Linux, and up to the Python it is built for.
Each parser of tests/parsers.py has its share of the time, in a process of its own. What raises an error that
is not declared is printed with its input, and the exit code is 1: it becomes a sample of that parser.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.parsers import Parser

MINUTES = 10.0
INPUT_BYTES_MAX = 4096
OURS = ["changeover", "hrana", "liveone", "timed_http"]
"""What is led by coverage. To instrument all libraries takes longer than a parser has."""


def main(arguments: list[str]) -> int:
    """Fuzz the parsers named, or all of them; one process each."""
    from tests.parsers import PARSERS

    minutes = float(arguments[0]) if arguments else MINUTES
    names = arguments[1:] or [parser.name for parser in PARSERS]
    seconds = max(2, round(minutes * 60 / len(names)))
    failed = []
    for name in names:
        command = [sys.executable, "-m", "benchmarks.fuzz", "--one", name, str(seconds)]
        ended = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
        runs = next((line for line in ended.stderr.splitlines() if line.startswith("Done ")), "")
        print(f"{name}: {runs or 'FAILED'}", flush=True)
        if ended.returncode:
            failed.append(name)
            print((ended.stdout + ended.stderr)[-3000:], flush=True)
    print(f"{len(names) - len(failed)} of {len(names)} parsers without a finding, {seconds} s each")
    return 1 if failed else 0


def one(name: str, seconds: int) -> None:
    """Fuzz one parser in this process, for so long or until something is found."""
    import atheris  # type: ignore[import-not-found]

    with atheris.instrument_imports(include=OURS):
        from tests.parsers import PARSERS

    parser = next(each for each in PARSERS if each.name == name)
    given = _input_of(parser)

    def tried(data: bytes) -> None:
        with suppress(*parser.declared, *NO_INPUT):
            parser.read(given(data))

    atheris.Setup([sys.argv[0], f"-max_total_time={seconds}", f"-max_len={INPUT_BYTES_MAX}"], tried)
    atheris.Fuzz()


class NotOfItsKindError(Exception):
    """Bytes that are no input of the parser's kind."""


NO_INPUT = (NotOfItsKindError,)


def _input_of(parser: "Parser") -> Callable[[bytes], Any]:
    """How bytes become what the parser takes."""
    from tests.parsers import DOCUMENTS, OCTETS

    if parser in OCTETS:
        return lambda data: data
    if parser in DOCUMENTS:
        return _document
    return lambda data: data.decode("utf-8", "replace")


def _document(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        raise NotOfItsKindError from None


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        one(sys.argv[2], int(sys.argv[3]))
    else:
        sys.exit(main(sys.argv[1:]))
