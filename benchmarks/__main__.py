"""Runs measurements and prints one table: ``python -m benchmarks [NAME ...] [--json]``.

Exit code 1 when an aim is missed and ``--strict`` was given.
"""

import argparse
import importlib
import json
import os
import platform
import sqlite3
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.measure import Measure, stopwatch

ALL = (
    *("bulk", "imports", "history", "fleet", "memory", "live", "demo", "migration", "freeze", "online"),
    *("browser", "server", "serverless", "growth", "pressure", "generations", "crowd"),
)
VERDICT = {True: "[green]met[/]", False: "[red]missed[/]", None: ""}
say = Console(stderr=True, highlight=False)


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("name", nargs="*", metavar="NAME", help=f"of {', '.join(ALL)}; all unless given")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--strict", action="store_true", help="exit with 1 when an aim is missed")
    sizes = "migration: the size of a database, instead of half a million; may be given again"
    parser.add_argument("--readings", type=int, action="append", metavar="N", help=sizes)
    sizes = "fleet: how many systems, instead of the usual ones; may be given again"
    parser.add_argument("--systems", type=int, action="append", metavar="N", help=sizes)
    kept = "growth: keep what was measured as the parameters of benchmarks.scale"
    parser.add_argument("--record", action="store_true", help=kept)
    asked = parser.parse_args(arguments)
    if unknown := set(asked.name) - set(ALL):
        parser.error(f"no measurement is called {', '.join(sorted(unknown))}; there are {', '.join(ALL)}")
    found = [measure for name in asked.name or ALL for measure in measured(name, asked)]
    if asked.json:
        print(json.dumps([asdict(measure) | {"met": measure.is_met} for measure in found], indent=2))
    else:
        Console(width=max(150, Console().width)).print(table(found))
    return int(asked.strict and any(measure.is_met is False for measure in found))


def measured(name: str, asked: argparse.Namespace) -> Iterator[Measure]:
    """Run one module's measurements in a folder of its own, saying on stderr what goes on."""
    with tempfile.TemporaryDirectory(prefix="liveone-bench-") as folder, stopwatch() as watch:
        say.print(f"{name} ...", style="dim")
        given = {"migration": asked.readings, "fleet": asked.systems, "growth": asked.record}.get(name)
        sizes = (given,) if given else ()
        for measure in importlib.import_module(f"benchmarks.{name}").run(Path(folder), *sizes):
            say.print(f"  {measure.name}: {shown(measure.value, measure.unit)}", style="dim")
            yield measure
    say.print(f"{name} took {watch.wall_s:.0f} s", style="dim")


def table(found: Sequence[Measure]) -> Table:
    """All measures with their aims, and each beside its baseline."""
    title = f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {os.cpu_count()} cores"
    result = Table(title=f"{title}, load {os.getloadavg()[0]:.1f} at the end", title_justify="left")
    for heading in ("measure", "value", "aim", "", "baseline", "ratio", "against", "note"):
        result.add_column(heading, justify="right" if heading in ("value", "aim", "ratio") else "left")
    for one in found:
        aim = "" if one.aim is None else f"{'>=' if one.better == 'more' else '<='} {shown(one.aim, '')}"
        ratio = "" if one.ratio is None else f"{one.ratio:.2f}"
        baseline = "" if one.baseline is None else shown(one.baseline, one.unit)
        value = shown(one.value, one.unit)
        result.add_row(one.name, value, aim, VERDICT[one.is_met], baseline, ratio, one.against, one.note)
    return result


def shown(value: float | None, unit: str) -> str:
    """Three significant digits with thousands apart; a dash for what was not measured."""
    if value is None:
        return "-"
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:,.{digits}f} {unit}".strip()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
