"""What a person, or a program, sees while a run goes on: a list that fills in, plain lines, or JSON events.

Rule: a display only looks. It is told every journal entry and the progress of the task under way, it may
ask a question, and only a question may delay the work.
"""

import json
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Protocol, TextIO

from rich.console import Console, Group
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from changeover.display.steps import Line, Verdict, lines
from changeover.engine.entries import Entry, EntryKind, ending, worked_s
from changeover.plan.model import Plan
from changeover.words import planned, seconds

SIGNS = {
    Verdict.PASSED: ("✓", "green"),
    Verdict.FAILED: ("✗", "bold red"),
    Verdict.CUT_OFF: ("✂", "yellow"),
    Verdict.BACK: ("↩", "yellow"),
    Verdict.NOT_RUN: ("-", "dim"),
    Verdict.WAITING: ("·", "dim"),
    Verdict.RUNNING: ("…", "cyan"),
}
EVERY_S = 5.0


class Display(Protocol):
    """How a session shows itself."""

    def opened(self, entries: Sequence[Entry], plan: Plan) -> None:
        """The session begins; ``entries`` is the journal that will grow."""

    def show(self, entry: Entry) -> None:
        """An entry was added."""

    def progress(self, name: str, part: float | None, left_s: float | None, words: str) -> None:
        """The task under way has come so far."""

    def say(self, words: str) -> None:
        """Something to read now."""

    def ask(self, name: str, question: str) -> bool | None:
        """Yes, no, or None when nobody is there."""

    def close(self) -> None:
        """Nothing more will come."""


class JsonEvents:
    """Every entry as one line of JSON, for programs that look on; the answer itself is on stdout."""

    def __init__(self, out: TextIO | None = None) -> None:
        self.out = out or sys.stdout

    def opened(self, entries: Sequence[Entry], plan: Plan) -> None:
        """Nothing to prepare."""

    def show(self, entry: Entry) -> None:
        """The entry as it stands in the journal."""
        document = {"event": entry.kind.value, "at": entry.at, "id": entry.id, **entry.data}
        print(json.dumps(document, ensure_ascii=False, default=str), file=self.out, flush=True)

    def progress(self, name: str, part: float | None, left_s: float | None, words: str) -> None:
        """Programs read the journal."""

    def say(self, words: str) -> None:
        """For people: on stderr."""
        sys.stderr.write(f"{words}\n")

    def ask(self, name: str, question: str) -> bool | None:
        """No person is there."""
        return None

    def close(self) -> None:
        """Nothing to clear away."""


class PlainLines:
    """One plain line for each thing that happened: for logs, pipes and dumb terminals."""

    def __init__(self, out: TextIO | None = None) -> None:
        self.out = out or sys.stdout
        self._said_at_s = 0.0
        self._labels: dict[str, str] = {}

    def opened(self, entries: Sequence[Entry], plan: Plan) -> None:
        """The title."""
        self.say(plan.title)

    def show(self, entry: Entry) -> None:
        """What happened, in words."""
        words = self._words(entry)
        if words:
            self.say(f"{datetime.fromtimestamp(entry.at).astimezone():%H:%M:%S}  {words}")

    def _words(self, entry: Entry) -> str:
        label = self._labels.get(entry.id, entry.id)
        match entry.kind:
            case EntryKind.STARTED:
                self._labels[entry.id] = entry.text("label") or entry.id
                self._said_at_s = time.monotonic()
                attempt = entry.number("attempt") or 1
                return f"again ({attempt:.0f})  {self._labels[entry.id]}" if attempt > 1 else ""
            case EntryKind.DONE:
                frozen = entry.number("frozen_s")
                held = f", writers held {seconds(frozen)}" if frozen is not None else ""
                return f"passed  {label}  {seconds(entry.number('seconds'))}{held}"
            case EntryKind.FAILED:
                return f"FAILED  {label}: {entry.text('message')}"
            case EntryKind.ROLLBACK_STARTED:
                return f"GOING BACK: {entry.text('reason')}"
            case EntryKind.RESOLVED:
                return f"settled {label}: {'it was done' if entry.data.get('applied') else 'it was not done'}"
            case EntryKind.ASKED:
                return "stopping at the next safe point"
            case EntryKind.ALARM:
                return f"ALARM: {entry.text('reason')}"
            case _:
                return ""

    def progress(self, name: str, part: float | None, left_s: float | None, words: str) -> None:
        """At most every `EVERY_S` seconds."""
        if time.monotonic() - self._said_at_s > EVERY_S:
            self._said_at_s = time.monotonic()
            share = f" {part:.0%}" if part is not None else ""
            self.say(f"          {self._labels.get(name, name)}:{share} {words}, {seconds(left_s)} left")

    def say(self, words: str) -> None:
        """One line."""
        print(words, file=self.out, flush=True)

    def ask(self, name: str, question: str) -> bool | None:
        """Asked on the terminal, where there is one."""
        return _asked(question, self.say) if sys.stdin.isatty() else None

    def close(self) -> None:
        """Nothing to clear away."""


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
            return _asked(
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


def _asked(question: str, show: Callable[[str], object]) -> bool | None:
    show(f"{question} [y/N] ")
    try:
        return input().strip().lower() in ("y", "yes")
    except EOFError:
        return None
