"""`liveone import` and `liveone export`: readings in and out of files."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TextIO

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from liveone.cli.context import Shell, json_option, pass_shell, print_json
from liveone.cli.systems import found_system
from liveone.clock import SystemClock
from liveone.databases import open_store
from liveone.domain.system import System
from liveone.domain.zones import zone_of
from liveone.errors import BadInput, LiveOneError
from liveone.outcomes import run_daily
from liveone.store import aggregates, bulk
from liveone.store.bulk import Imported
from liveone.store.database import ConstraintFailed
from liveone.store.store import Store
from liveone.transfer import readings_out
from liveone.transfer.readings_in import Source
from liveone.web.services import DailyJob

BAD_LINES_SHOWN = 10
NO_GAPS = (
    "Tables that the original service made hold no reading in which a value is missing: give every column,\n"
    "  or import into a database that `liveone init` made. What stood before it may be imported already."
)
CHECK_ROWS = 20_000
MEGABYTES, DAYS = (1_000_000, "MB"), (86_400, "days")
KINDS = {
    "readings": (readings_out.READING_COLUMNS, readings_out.reading_rows),
    "5m": (readings_out.FIVE_MINUTES_COLUMNS, readings_out.five_minute_rows),
    "daily": (readings_out.DAY_COLUMNS, readings_out.day_rows),
}


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--system", "system_id", type=int, required=True, help="Whose readings these are.")
@click.option("--dry-run", is_flag=True, help="Read and count; write nothing.")
@click.option("--strict", is_flag=True, help="Import nothing if a single line is bad.")
@json_option
@pass_shell
def import_command(
    shell: Shell, file: Path, *, system_id: int, dry_run: bool, strict: bool, as_json: bool
) -> None:
    """Read readings from FILE (CSV or JSON). Idempotent: what is there already stays as it is.

    Everything that follows from new readings is computed anew: 5-minute rows with them, days afterwards.
    The first line names the columns; times are UTC epoch seconds or ISO 8601 with an offset. A bad line is
    reported and passed over. Exit code 1 when there was one.
    """
    if not file.is_file():
        raise BadInput(f"{file} is not a file")
    source, store = Source(file), open_store(shell.config)
    try:
        system = found_system(store, system_id)
        if strict:
            refuse_bad_lines(file)
        with progress_bar(source.size_bytes, MEGABYTES, quiet=as_json) as source.progress:
            done = (
                count_new(store, system, source)
                if dry_run
                else bulk.import_readings(store, system.id, source.rows())
            )
        days = close_days(store, system) if done.new and not dry_run else 0
    except ConstraintFailed as error:
        error.hint = error.hint or NO_GAPS
        raise
    finally:
        store.close()
    report(source, done, dry_run=dry_run, days=days, as_json=as_json)


@click.command("export")
@click.option("--system", "system_id", type=int, required=True)
@click.option("--kind", type=click.Choice(list(KINDS)), default="readings", show_default=True)
@click.option("--from", "first_day", help="First local day, YYYY-MM-DD [the first there is].")
@click.option("--to", "last_day", help="Last local day, YYYY-MM-DD [today].")
@click.option("--format", "form", type=click.Choice(["csv", "json"]), default="csv", show_default=True)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write to a file [standard output].")
@pass_shell
def export_command(
    shell: Shell,
    *,
    system_id: int,
    kind: str,
    first_day: str | None,
    last_day: str | None,
    form: str,
    output: Path | None,
) -> None:
    """Write readings, 5-minute or daily rows as CSV or JSON; `import` reads the readings back."""
    store = open_store(shell.config)
    try:
        system = found_system(store, system_id)
        start_at, end_at = span(store, system, first_day, last_day)
        columns, rows_of = KINDS[kind]
        write = readings_out.write_csv if form == "csv" else readings_out.write_json
        with (
            opened_output(output) as file,
            progress_bar(end_at - start_at, DAYS, quiet=output is None) as tell,
        ):
            rows = rows_of(store, system, start_at, end_at, lambda at: tell(at - start_at))
            count = write(file, columns, rows)
    finally:
        store.close()
    click.echo(f"{count:,} rows of {system.display_name} written to {output or 'standard output'}", err=True)


def refuse_bad_lines(file: Path) -> None:
    """Read a whole file; BadInput for its first bad line."""
    trial = Source(file)
    for _ in trial.rows():
        pass
    if trial.bad:
        first = trial.bad[0]
        raise BadInput(
            f"{file}:{first.line}: {first.reason} ({trial.bad_count} bad lines in all); nothing was imported",
            hint="Mend the file, or import without --strict to pass bad lines over.",
        )


def count_new(store: Store, system: System, source: Source) -> Imported:
    """What an import would do, without doing it."""
    offered = new = 0
    rows = source.rows()
    while batch := list(islice(rows, CHECK_ROWS)):
        times = {int(row[0]) for row in batch if row[0] is not None}
        offered += len(batch)
        new += len(times) - bulk.count_existing(store, system.id, sorted(times))
    return Imported(offered, new, 0)


def close_days(store: Store, system: System) -> int:
    """Close every day that the new readings opened or brought; returns how many. Raises LiveOneError."""
    with Console(stderr=True).status("Closing days ..."):
        closed = run_daily(store, DailyJob("catchup", system.id), SystemClock().now_at())
    for error in filter(None, (outcome.error for outcome in closed)):
        raise LiveOneError(
            f"the readings are imported, but not all days could be computed anew: {error}",
            hint="`liveone serve` goes on with it, or: liveone aggregate --catchup",
        )
    return sum(len(outcome.days) for outcome in closed)


def report(source: Source, done: Imported, *, dry_run: bool, days: int, as_json: bool) -> None:
    """Say what was imported, what was there, what was refused and why."""
    bad = [{"line": bad.line, "reason": bad.reason} for bad in source.bad]
    if as_json:
        counts = {"offered": done.offered, "new": done.new, "bad": source.bad_count, "days": days}
        counts["dry_run"] = dry_run
        print_json({**counts, "bad_lines": bad})
    else:
        verb = "would be new" if dry_run else "new"
        there = done.offered - done.new
        click.echo(f"{done.offered:,} readings: {done.new:,} {verb}, {there:,} already there or repeated.")
        if days:
            click.echo(f"{days:,} days computed anew.")
        for line in bad[:BAD_LINES_SHOWN]:
            click.echo(f"  {source.path}:{line['line']}: {line['reason']}", err=True)
        if source.bad_count:
            click.echo(f"Bad lines passed over: {source.bad_count:,}. All others were read.", err=True)
    if source.bad_count:
        sys.exit(1)


@contextmanager
def progress_bar(total: int, unit: tuple[int, str], *, quiet: bool) -> Iterator[Callable[[int], None]]:
    """Show rate and time left on a terminal; gives what to tell how much of ``total`` is done.

    ``unit`` is how much of it makes one of what the rate is named in.
    """
    console = Console(stderr=True)
    columns = (TextColumn("{task.percentage:>3.0f} %"), BarColumn(), TextColumn("{task.fields[rate]}"))
    hidden = quiet or not console.is_terminal
    with Progress(*columns, TimeRemainingColumn(), console=console, disable=hidden) as progress:
        yield _teller(progress, progress.add_task("", total=total, rate=""), unit)


def _teller(progress: Progress, task: TaskID, unit: tuple[int, str]) -> Callable[[int], None]:
    began_s = SystemClock().monotonic_s()

    def tell(done: int) -> None:
        elapsed_s = max(SystemClock().monotonic_s() - began_s, 1e-6)
        progress.update(task, completed=done, rate=f"{done / elapsed_s / unit[0]:,.1f} {unit[1]}/s")

    return tell


def span(store: Store, system: System, first_day: str | None, last_day: str | None) -> tuple[int, int]:
    """The instants of whole local days; what is not said is what there is. Raises BadInput."""
    zone = zone_of(system)
    now_at = int(SystemClock().now_at())
    first_at, last_at = aggregates.extent(store, system.id) or (now_at, now_at)
    start_at = zone.bounds(first_day)[0] if first_day else first_at
    end_at = zone.bounds(last_day)[1] if last_day else zone.bounds(zone.day_of(last_at))[1]
    if first_day and last_day and start_at >= end_at:
        raise BadInput(f"--from {first_day} is after --to {last_day}")
    return start_at, end_at


@contextmanager
def opened_output(output: Path | None) -> Iterator[TextIO]:
    """Standard output, or a file that appears whole or not at all; a device is written, never replaced."""
    if output is None:
        yield sys.stdout
        return
    is_plain = output.is_file() or not output.exists()
    partial = output.with_name(output.name + ".partial") if is_plain else output
    try:
        with partial.open("w", encoding="utf-8", newline="") as file:
            yield file
        if is_plain:
            partial.replace(output)
    except OSError as error:
        raise BadInput(f"{output} cannot be written: {error.strerror}") from error
    finally:
        if is_plain:
            partial.unlink(missing_ok=True)
