"""What `make world` measured, a line of JSON each; `python -m tests.world.table FILE` prints them as one table."""

import json
import os
from pathlib import Path

from tests.world.kinds import Migration
from tests.world.place import Beside, Place

FIGURES = os.environ.get("LIVEONE_WORLD_FIGURES")


def note(migration: Migration, by: str, **figures: object) -> None:
    """A line of figures about a migration, done by ``by``; lines about the same are one row of the table."""
    if FIGURES:
        with open(FIGURES, "a") as file:
            file.write(json.dumps({"migration": str(migration), "by": by, **figures}) + "\n")


def note_felt(place: Place, beside: Beside, by: str, rows: int, took_s: float) -> None:
    """What the writers beside a migration felt of it."""
    waits = beside.waits_s()
    note(
        place.migration,
        by,
        rows=rows,
        mb=round(place.database.stat().st_size / 1e6, 1),
        writes=len(waits),
        p99_ms=round(waits[int(len(waits) * 0.99)] * 1000),
        longest_ms=round(waits[-1] * 1000),
        refused=len(beside.refused()),
        run_s=round(took_s, 2),
    )


def note_part(name: str, took_s: float) -> None:
    """How long a part of the suite took, with the making of its database where that was not there yet."""
    if FIGURES:
        with open(FIGURES, "a") as file:
            file.write(json.dumps({"part": name, "took_s": round(took_s, 1)}) + "\n")


def parts(path: Path) -> list[tuple[str, float]]:
    """The parts with what they took, the longest first."""
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return sorted(((one["part"], one["took_s"]) for one in lines if "part" in one), key=lambda part: -part[1])


def read(path: Path) -> list[dict[str, object]]:
    """The rows of the table: what was noted of the same migration by the same program, together."""
    rows: dict[tuple[str, str], dict[str, object]] = {}
    for line in path.read_text().splitlines():
        one = json.loads(line)
        if "part" in one:
            continue
        rows.setdefault((one["migration"], one["by"]), {}).update(one)
    return [rows[key] for key in sorted(rows)]
