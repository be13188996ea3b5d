"""Folds a journal into the state of its run: what is known of each task, and where the run stands.

Rule: pure. The same entries give the same state, so that another runner can go on.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from changeover.engine.entries import Command, Ending, Entry, EntryKind, ending, worked_s
from changeover.engine.tasks import Task

COMMAND_ENDED = "command ended"


@dataclass(slots=True)
class TaskProgress:
    """What the journal says of one task. ``applied`` None: not known. ``failures`` are those of this session.

    ``cut_off``: it was started, and the journal says neither that it ended nor how it was resolved.
    """

    started: bool = False
    cut_off: bool = False
    done: bool = False
    failed: bool = False
    applied: bool | None = None
    command_ended: bool = False
    failures: int = 0
    reason: str = ""
    first_s: float = 0.0
    last_s: float = 0.0

    @property
    def resolved(self) -> bool:
        """Whether it is known how the task ended."""
        return self.done or self.applied is not None


@dataclass(slots=True)
class RunState:
    """What is known of each task, and where the run stands."""

    tasks: dict[str, TaskProgress] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)
    command: Command = Command.RUN
    rolling_back: bool = False
    back_asked: bool = False
    finish_asked: bool = False
    stop_asked: bool = False
    alarm: str = ""
    ended: Ending | None = None
    was_done: bool = False
    now_s: float = 0.0

    def of(self, task: Task) -> TaskProgress:
        """What is known of a task."""
        return self.tasks.get(task.id) or TaskProgress()


def fold(entries: Sequence[Entry]) -> RunState:
    """The state after these entries."""
    state = RunState()
    for entry, at_s in zip(entries, worked_s(entries), strict=True):
        state.now_s = at_s
        if entry.id and entry.kind in _OF_A_TASK:
            _note(state, entry, at_s)
        else:
            _step(state, entry)
    state.ended = ending(entries)
    return state


_OF_A_TASK = (EntryKind.STARTED, EntryKind.NOTED, EntryKind.DONE, EntryKind.FAILED, EntryKind.RESOLVED)


def _step(state: RunState, entry: Entry) -> None:
    match entry.kind:
        case EntryKind.OPENED:
            state.command = Command(entry.text("command"))
            state.back_asked |= state.command is Command.ROLLBACK
            state.finish_asked |= state.command is Command.FINISH
            state.stop_asked, state.alarm = False, ""
            for known in state.tasks.values():
                known.failures = 0
        case EntryKind.ROLLBACK_STARTED:
            state.rolling_back = True
        case EntryKind.ASKED:
            state.stop_asked = True
        case EntryKind.ALARM:
            state.alarm = entry.text("reason")
        case EntryKind.ENDED:
            state.was_done |= entry.text("ending") == Ending.DONE


def _note(state: RunState, entry: Entry, at_s: float) -> None:
    known = state.tasks.setdefault(entry.id, TaskProgress())
    match entry.kind:
        case EntryKind.STARTED:
            if not known.started:
                known.first_s = at_s
                state.order.append(entry.id)
            known.started = known.cut_off = True
            known.failed, known.applied = False, None
        case EntryKind.NOTED:
            known.command_ended |= entry.text("what") == COMMAND_ENDED
        case EntryKind.DONE:
            known.done, known.cut_off, known.applied = True, False, True
        case EntryKind.FAILED:
            applied = entry.data.get("applied")
            known.failed, known.reason = True, entry.text("message")
            known.failures += 1
            known.cut_off = False
            known.applied = applied if isinstance(applied, bool) else None
        case EntryKind.RESOLVED:
            known.applied, known.cut_off = bool(entry.data.get("applied")), False
    known.last_s = at_s
