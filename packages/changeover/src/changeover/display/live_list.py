"""On a terminal: a list that fills in while a run goes on, and a bar while a rehearsal does.

Rule: this module alone needs rich, which the extra ``terminal`` brings; without it plain lines are printed.
"""

import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from changeover.display.steps import Line, Verdict, lines
from changeover.display.terminal import SIGNS, asked
from changeover.engine.entries import Entry, EntryKind, ending, worked_s
from changeover.plan.model import Plan
from changeover.words import planned, seconds


@contextmanager
def bar() -> Iterator[Callable[[str, float | None, float | None], None]]:
    """A bar that is told (words, the part that is done, the seconds that are left); it goes at the end."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, transient=True) as progress:
        task = progress.add_task("rehearsing", total=None)

        def tell(words: str, part: float | None, left_s: float | None) -> None:
            total = 1 if part is not None else None
            progress.update(task, description=words, completed=part or 0, total=total)

        yield tell


class LiveList:
    """The list that fills in, on a terminal."""

    def __init__(self, predicted: dict[str, float], console: Console | None = None) -> None:
        self.predicted = predicted
        self.console = console or Console()
        self.entries: Sequence[Entry] = ()
        self.plan: Plan | None = None
        self.live: Live | None = None
        self._now: tuple[str, float | None, float | None, str] = ("", None, None, "")
        self._spinner = Spinner("dots")
        self._drawing = threading.Lock()

    def opened(self, entries: Sequence[Entry], plan: Plan) -> None:
        """Draw the whole plan."""
        self.entries, self.plan = entries, plan
        self.live = Live(get_renderable=self._draw, console=self.console, refresh_per_second=8)
        self.live.start()

    def show(self, entry: Entry) -> None:
        """The list draws itself; turns and alarms are said above it."""
        if entry.kind is EntryKind.STARTED:
            self._now = ("", None, None, "")
        elif entry.kind is EntryKind.ROLLBACK_STARTED:
            self.console.print(Text.assemble(("Going back: ", "bold yellow"), entry.text("reason")))
        elif entry.kind is EntryKind.ALARM:
            self.console.print(Text.assemble(("Alarm: ", "bold red"), entry.text("reason")))

    def progress(self, name: str, part: float | None, left_s: float | None, words: str) -> None:
        """Shown in the line of the task."""
        self._now = (name, part, left_s, words)

    def say(self, words: str) -> None:
        """Above the list; brackets in the words are brackets."""
        self.console.print(words, markup=False, highlight=False)

    def ask(self, name: str, question: str) -> bool | None:
        """The list stands still while somebody thinks."""
        if not sys.stdin.isatty():
            return None
        with self._paused():
            return asked(
                question, lambda prompt: self.console.print(prompt, end="", markup=False, highlight=False)
            )

    def close(self) -> None:
        """Leave the list as it is."""
        if self.live is not None:
            self.live.stop()
            self.live = None

    @contextmanager
    def _paused(self) -> Iterator[None]:
        if self.live is not None:
            self.live.stop()
        try:
            yield
        finally:
            if self.live is not None:
                self.live = Live(get_renderable=self._draw, console=self.console, refresh_per_second=8)
                self.live.start()

    def _draw(self) -> Group:
        if self.plan is None:
            return Group()
        with self._drawing:
            found = lines(self.plan, list(self.entries), predicted=self.predicted)
            title = Text(self.plan.title, style="bold")
            return Group(title, self._table(found), Text(self._estimate(found), style="dim"))

    def _estimate(self, found: Sequence[Line]) -> str:
        """How long it has worked, and how long the rehearsal took for what is left."""
        if not self.entries or ending(self.entries) is not None:
            return ""
        last = self.entries[-1]
        so_far_s = worked_s(self.entries)[-1] + max(time.monotonic() - last.clock_s, 0.0)
        waiting = (Verdict.WAITING, Verdict.RUNNING)
        left_s = sum(line.predicted_s or 0.0 for line in found if line.verdict in waiting)
        rest = f", about {seconds(left_s)} left by the rehearsal" if left_s else ""
        return f"{seconds(so_far_s)} so far{rest}"

    def _table(self, found: Sequence[Line]) -> Table:
        table = Table(box=None, pad_edge=False, header_style="dim")
        table.add_column("")
        table.add_column("step", ratio=1, overflow="ellipsis", no_wrap=True)
        for name in ("planned", "rehearsed", "measured"):
            table.add_column(name, justify="right", no_wrap=True)
        table.add_column("verdict", no_wrap=True)
        phase = None
        for line in found:
            if line.phase is not phase:
                phase = line.phase
                table.add_row("", Text(phase.value, style="bold dim"))
            sign, style = SIGNS[line.verdict]
            table.add_row(
                self._spinner if line.verdict is Verdict.RUNNING else Text(sign, style=style),
                Text(line.label, style="" if line.verdict is not Verdict.WAITING else "dim"),
                planned(line.planned_s),
                seconds(line.predicted_s),
                seconds(line.measured_s),
                Text(self._verdict(line), style=style),
            )
        return table

    def _verdict(self, line: Line) -> str:
        if line.verdict is not Verdict.RUNNING:
            return line.verdict.value
        name, part, left_s, words = self._now
        if name != line.id:
            return "running"
        share = f"{part:.0%}" if part is not None else "running"
        return f"{share} {words}" + (f", {seconds(left_s)} left" if left_s is not None else "")
