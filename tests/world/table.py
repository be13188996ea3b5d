"""Prints the figures of `make world` as a table: python -m tests.world.table FILE."""

import json
import sys
from pathlib import Path

HEADINGS = (
    "migration",
    "by",
    "mb",
    "writes",
    "p99_ms",
    "longest_ms",
    "refused",
    "frozen_rehearsed_ms",
    "run_s",
)


def main(path: Path) -> None:
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    print("| " + " | ".join(HEADINGS) + " |")
    print("|---|---|" + "--:|" * (len(HEADINGS) - 2))
    for line in sorted(lines, key=lambda one: (one["migration"], one["by"])):
        print("| " + " | ".join(str(line[name]) for name in HEADINGS) + " |")


main(Path(sys.argv[1]))
