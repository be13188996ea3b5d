"""The entries of a journal: one for each thing that happened in a run, as data.

Rule: no clock and no file is read here. ``at`` is UTC epoch seconds, for people. ``clock_s`` is monotonic and
is compared only with entries of the same session, because the machine may have been restarted between
sessions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from changeover.exits import Exit
from changeover.plan.model import Plan


class EntryKind(StrEnum):
    """BEGUN opens a run; OPENED opens each session of it (a process that works on it).

    STARTED, NOTED, DONE, FAILED and RESOLVED are about one task, whose id they carry. RESOLVED says how a
    task ended that was in doubt. MENDED replaces the rollback of one change by another script
    (`run.mended_rollback`). ASKED: a person wants the run to stop. ALARM: users are affected more than the
    plan allows. ENDED ends the session.

    The values stand in journals on disk, so two of them keep words from before ("settled", "turned").
    """

    BEGUN = "begun"
    OPENED = "opened"
    STARTED = "started"
    NOTED = "noted"
    DONE = "done"
    FAILED = "failed"
    RESOLVED = "settled"
    ROLLBACK_STARTED = "turned"
    MENDED = "mended"
    ASKED = "asked"
    ALARM = "alarm"
    ENDED = "ended"


class Command(StrEnum):
    """What a session was opened for."""

    RUN = "run"
    RESUME = "resume"
    ROLLBACK = "rollback"
    FINISH = "finish"
    ABANDON = "abandon"
    RESTORE = "restore"


class Ending(StrEnum):
    """How a session ended. After REFUSED nothing was changed; STOPPED and OPERATOR_NEEDED can be resumed.

    ABANDONED: a person gave the run up, and its changes stay. RESTORED: a backup was put back.
    """

    DONE = "done"
    ROLLED_BACK = "rolled back"
    REFUSED = "refused"
    STOPPED = "stopped"
    OPERATOR_NEEDED = "operator needed"
    FINISHED = "finished"
    UNFINISHED = "unfinished"
    ABANDONED = "abandoned"
    RESTORED = "restored"

    @property
    def is_final(self) -> bool:
        """Whether the run can neither go on nor be taken back."""
        return self in _FINAL


_FINAL = (Ending.ROLLED_BACK, Ending.REFUSED, Ending.FINISHED, Ending.ABANDONED, Ending.RESTORED)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a journal. ``id`` is that of a task, or empty; ``data`` is JSON and holds no secrets."""

    kind: EntryKind
    at: float
    clock_s: float
    id: str = ""
    data: Mapping[str, object] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """The text under ``name`` in ``data``; empty if there is none."""
        value = self.data.get(name)
        return value if isinstance(value, str) else ""

    def number(self, name: str) -> float | None:
        """A number of ``data``, or None."""
        value = self.data.get(name)
        return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def begun(entries: Sequence[Entry]) -> Entry | None:
    """The entry that opened the run; None in an empty journal."""
    return next((entry for entry in entries if entry.kind is EntryKind.BEGUN), None)


def as_begun(plan: Plan, entries: Sequence[Entry]) -> Plan:
    """The plan with the strategies that its run chose at the beginning, where the plan left them open."""
    first = begun(entries)
    chosen = first.data.get("strategies") if first else None
    return plan.with_strategies(chosen) if isinstance(chosen, Mapping) else plan


def last(entries: Sequence[Entry], kind: EntryKind) -> Entry | None:
    """The newest entry of a kind."""
    return next((entry for entry in reversed(entries) if entry.kind is kind), None)


def ending(entries: Sequence[Entry]) -> Ending | None:
    """How the run ended; None while it runs, or if its last session was cut off."""
    for entry in reversed(entries):
        if entry.kind is EntryKind.ENDED:
            return Ending(entry.text("ending"))
        if entry.kind is EntryKind.OPENED:
            return None
    return None


def worked_s(entries: Sequence[Entry]) -> list[float]:
    """For each entry the seconds that runners have worked since the run began.

    Time in which no runner was at work (between a crash and `resume`) is left out, and a clock is only
    compared with itself: a session goes on where the one before it was last heard of.
    """
    found: list[float] = []
    base_s = origin_s = 0.0
    for entry in entries:
        if entry.kind in (EntryKind.BEGUN, EntryKind.OPENED) or not found:
            base_s, origin_s = found[-1] if found else 0.0, entry.clock_s
        found.append(base_s + max(entry.clock_s - origin_s, 0.0))
    return found


def exit_of(ending: Ending, *, asked_back: bool = False) -> Exit:
    """The exit code for a session that ended like this; ``asked_back``: its command was ``rollback``."""
    if ending is Ending.ROLLED_BACK and asked_back:
        return Exit.DONE
    return {
        Ending.DONE: Exit.DONE,
        Ending.FINISHED: Exit.DONE,
        Ending.ABANDONED: Exit.DONE,
        Ending.RESTORED: Exit.DONE,
        Ending.REFUSED: Exit.REFUSED,
        Ending.ROLLED_BACK: Exit.WENT_BACK,
        Ending.UNFINISHED: Exit.WENT_BACK,
        Ending.OPERATOR_NEEDED: Exit.OPERATOR,
        Ending.STOPPED: Exit.STOPPED,
    }[ending]
