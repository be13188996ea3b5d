"""How far a move of a whole database is, as a bar on standard error."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from liveone.transfer.move import Progress as MoveProgress


@contextmanager
def move_progress(*, quiet: bool) -> Iterator[MoveProgress]:
    """What hears of a move's progress; nothing is shown where ``quiet``, or where nobody looks."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description:<32}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=quiet or not console.is_terminal) as bars:
        task = bars.add_task("")

        def progress(step: str, table: str, rows: int, rows_in_all: int) -> None:
            text = f"{step} {table}: {rows:,}"
            bars.update(task, description=text, completed=rows, total=max(rows, rows_in_all))

        yield progress
