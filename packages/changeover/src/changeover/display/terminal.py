"""What a person, or a program, sees while a run goes on: plain lines, or JSON events.

Rule: a display only looks. It is told every journal entry and the progress of the task under way, it may
ask a question, and only a question may delay the work.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from importlib.util import find_spec
from typing import Protocol, TextIO

from changeover.display.steps import Verdict
from changeover.engine.entries import Entry, EntryKind
from changeover.plan.model import Plan
from changeover.words import seconds

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


def can_draw() -> bool:
    """Whether there is a terminal, and rich to draw on it (the extra ``terminal``)."""
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb" and find_spec("rich") is not None


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
        return asked(question, self.say) if sys.stdin.isatty() else None

    def close(self) -> None:
        """Nothing to clear away."""


def asked(question: str, show: Callable[[str], object]) -> bool | None:
    """A question on the terminal; None where its input has ended."""
    show(f"{question} [y/N] ")
    try:
        return input().strip().lower() in ("y", "yes")
    except EOFError:
        return None
