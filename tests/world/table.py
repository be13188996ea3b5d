"""Prints the figures of `make world` as a table: python -m tests.world.table FILE.

Milliseconds are what a write beside the migration took; ``refused`` are writes that gave up after Python's own
patience of five seconds. ``killed`` is how the database stood after kill -9, and what one more command made of it.
"""

import sys
from pathlib import Path

from tests.world.figures import parts, read

HEADINGS = (
    "migration",
    "by",
    "rows",
    "mb",
    "writes",
    "p99_ms",
    "longest_ms",
    "refused",
    "run_s",
    "killed",
    "changed unasked",
)


def main(path: Path) -> None:
    print("| " + " | ".join(HEADINGS) + " |")
    print("|---|---|" + "--:|" * (len(HEADINGS) - 4) + "---|---|")
    for row in read(path):
        print("| " + " | ".join(str(row.get(name, "")) for name in HEADINGS) + " |")
    print("\n| part | s |\n|---|--:|")
    for name, took_s in parts(path):
        print(f"| {name} | {took_s} |")


main(Path(sys.argv[1]))
