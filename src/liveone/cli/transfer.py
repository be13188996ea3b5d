"""`liveone import` and `liveone export`: readings in and out of files."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TextIO

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from liveone.cli import noting
from liveone.cli.context import CommandContext, json_option, pass_shell, print_json, shown
from liveone.cli.reading_options import options_of, reading_options
from liveone.cli.systems import found_system
from liveone.clock import SystemClock
from liveone.database.open import open_store
from liveone.domain.system import System
from liveone.domain.zones import Zone, zone_of
from liveone.errors import BadInput, LiveOneError
from liveone.store import aggregates
from liveone.store.bulk import Imported
from liveone.store.database import ConstraintFailed
from liveone.store.store import Store
from liveone.transfer import readings_out
from liveone.transfer.fields import FIELDS, column_of
from liveone.transfer.importing import ImportRequest, Preview, import_file, preview_file, refuse_imperfect
from liveone.transfer.options import Findings
from liveone.transfer.readings_in import ReadingsFile
from liveone.transfer.text_in import STANDARD_INPUT
from liveone.web.services import DailyJob
from liveone.wiring.outcomes import run_daily

BAD_LINES_SHOWN = 10
NO_GAPS = (
    "Tables that the original service made hold no reading in which a value is missing: give every column,\n"
    "  or import into a database that `liveone init` made. What stood before it may be imported already."
)
MEGABYTES, DAYS = (1_000_000, "MB"), (86_400, "days")
KINDS = {
    "readings": (readings_out.READING_COLUMNS, readings_out.reading_rows),
    "5m": (readings_out.FIVE_MINUTES_COLUMNS, readings_out.five_minute_rows),
    "daily": (readings_out.DAY_COLUMNS, readings_out.day_rows),
}


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--system", "system_id", type=int, required=True, help="Whose readings these are.")
@reading_options
@click.option("--replace", is_flag=True, help="Where a reading is there already, take the file's values.")
@click.option("--dry-run", is_flag=True, help="Read, count and show; write nothing.")
@click.option("--strict", is_flag=True, help="Import nothing if a single line is bad.")
@json_option
@pass_shell
def import_command(
    shell: CommandContext,
    /,
    file: Path,
    *,
    system_id: int,
    replace: bool,
    dry_run: bool,
    strict: bool,
    as_json: bool,
    **how: Any,
) -> None:
    """Read readings from FILE (CSV or JSON; - is standard input) - LiveOne's own exports, and others'.

    What is there already stays as it is, unless it is to be replaced. Everything that follows from new
    readings is computed anew. A bad line is reported and passed over, a value that cannot be is left out:
    exit code 1 when there was one. `liveone readings undo` takes an import back.
    """
    if file != STANDARD_INPUT and not file.is_file():
        raise _no_file(file)
    store = open_store(shell.config)
    try:
        system = found_system(store, system_id)
        source = ReadingsFile(file, options=options_of(system, name=file.name, **how))
        if strict:
            refuse_imperfect(ReadingsFile(_seekable(file), options=source.options))
        asked = ImportRequest(
            file.name, "the command line", replace, bool(how["energy_unit"] or how["power_unit"])
        )
        with progress_bar(source.size_bytes, MEGABYTES, quiet=as_json) as source.progress:
            outcome = (preview_file if dry_run else import_file)(store, system, source, asked)
        wrote = isinstance(outcome, Imported) and (outcome.new or outcome.replaced)
        days = close_days(store, system) if wrote else 0
        if wrote:
            noting.note(shell.config, store, "imported readings", f"system {system_id}, {file.name}")
    except ConstraintFailed as error:
        error.hint = error.hint or NO_GAPS
        raise
    finally:
        store.close()
    report(source, outcome, zone_of(system), days=days, as_json=as_json)


@click.command("export")
@click.option("--system", "system_id", type=int, required=True)
@click.option("--kind", type=click.Choice(list(KINDS)), default="readings", show_default=True)
@click.option("--from", "first_day", help="First local day, YYYY-MM-DD [the first there is].")
@click.option("--to", "last_day", help="Last local day, YYYY-MM-DD [today].")
@click.option("--format", "form", type=click.Choice(["csv", "json"]), default="csv", show_default=True)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write to a file [standard output].")
@pass_shell
def export_command(
    shell: CommandContext,
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
    click.echo(
        f"{count:,} rows of {shown(system.display_name)} written to {output or 'standard output'}", err=True
    )


def _no_file(file: Path) -> BadInput:
    """What to say of a path at which there is nothing to read."""
    if file.is_dir():
        return BadInput(f"{file} is a folder", hint=f"Name a file in it: liveone import {file}/FILE.csv ...")
    near = get_close_matches(file.name, _names_in(file.parent), n=1)
    found = f"Did you mean {file.parent / near[0]}? " if near else ""
    return BadInput(
        f"there is no file {file}",
        hint=f"{found}It was looked for from {Path.cwd()}. Give the path of a CSV or JSON file, or - for "
        "standard input.",
    )


def _names_in(folder: Path) -> list[str]:
    try:
        return [each.name for each in folder.iterdir() if each.is_file()]
    except OSError:
        return []


def _seekable(file: Path) -> Path:
    if file == STANDARD_INPUT:
        raise BadInput("standard input cannot be read twice", hint="Leave --strict out, or give a file.")
    return file


def close_days(store: Store, system: System) -> int:
    """Close every day that a change opened or brought; returns how many. Raises LiveOneError."""
    with Console(stderr=True).status("Closing days ..."):
        closed = run_daily(store, DailyJob("catchup", system.id), SystemClock().now_at())
    for error in filter(None, (outcome.error for outcome in closed)):
        raise LiveOneError(
            f"the readings are changed, but not all days could be computed anew: {error}",
            hint="`liveone serve` goes on with it, or: liveone aggregate --catchup",
        )
    return sum(len(outcome.days) for outcome in closed)


def report(
    source: ReadingsFile, outcome: Imported | Preview, zone: Zone, *, days: int, as_json: bool
) -> None:
    """Say what was imported, what was there, what was refused and why; exit code 1 where something was."""
    found = source.findings
    done = outcome.counts if isinstance(outcome, Preview) else outcome
    is_dry = isinstance(outcome, Preview)
    if as_json:
        counts = {"offered": done.offered, "new": done.new, "replaced": done.replaced}
        counts |= {"excluded": done.excluded, "bad": found.bad_count, "left_out": found.doubtful_count}
        lines = {"bad_lines": found.bad, "left_out_lines": found.doubtful}
        said = {"days": days, "dry_run": is_dry, "change": done.change_id, "notes": found.notes}
        print_json({**counts, **said, **{key: list(map(asdict, each)) for key, each in lines.items()}})
    else:
        _say(done, is_dry=is_dry)
        if isinstance(outcome, Preview):
            _say_preview(outcome, zone)
        if days:
            click.echo(f"{days:,} days computed anew.")
        if done.change_id is not None:
            back = f"liveone readings undo {done.change_id}"
            click.echo(f"Change {done.change_id} in the log; to take it back: {back}")
        _say_findings(source.path, found)
    if found.bad_count or found.doubtful_count:
        sys.exit(1)


def _say(done: Imported, *, is_dry: bool) -> None:
    new, replaced = ("would be new", "would be replaced") if is_dry else ("new", "replaced")
    there = done.offered - done.new - done.replaced - done.excluded
    more = f" {done.replaced:,} {replaced}," if done.replaced else ""
    more += f" {done.excluded:,} excluded," if done.excluded else ""
    click.echo(f"{done.offered:,} readings: {done.new:,} {new},{more} {there:,} already there or repeated.")


def _say_preview(outcome: Preview, zone: Zone) -> None:
    if outcome.first_at is not None and outcome.last_at is not None:
        click.echo(f"From {zone.iso(outcome.first_at)} to {zone.iso(outcome.last_at)}. The first of them:")
    for row in outcome.rows:
        values = [
            f"{column_of(name)} {value:g}"
            for name, value in zip(FIELDS[2:], row[2:], strict=True)
            if value is not None
        ]
        click.echo(f"  {zone.iso(row[0] or 0)}  {', '.join(values)}")


def _say_findings(path: Path, found: Findings) -> None:
    for note in found.notes:
        click.echo(shown(note), err=True)
    for problem in sorted([*found.bad, *found.doubtful], key=lambda each: each.line)[:BAD_LINES_SHOWN]:
        click.echo(shown(f"  {path}:{problem.line}: {problem.reason}"), err=True)
    if found.bad_count:
        click.echo(f"Bad lines passed over: {found.bad_count:,}. All others were read.", err=True)
    if found.doubtful_count:
        click.echo(f"Values left out because they cannot be: {found.doubtful_count:,}.", err=True)


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
