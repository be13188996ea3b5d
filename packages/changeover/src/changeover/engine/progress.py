"""A journal, folded: what is known of each task, and where the run stands.

Rule: pure; the same entries always fold to the same state, so another runner can go on.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from changeover.engine.entries import Command, Ending, Entry, Kind, ending, worked_s
from changeover.engine.tasks import Task

COMMAND_ENDED = "command ended"


@dataclass(slots=True)
class Known:
    """What the journal says of one task. ``applied`` None: unknown. ``failures`` are this session's.

    ``cut_off``: it was started, and neither its end nor what became of it stands in the journal.
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
    def settled(self) -> bool:
        """Whether it is known what became of it."""
        return self.done or self.applied is not None


@dataclass(slots=True)
class State:
    """A journal, folded: what is known of each task, and where the run stands."""

    tasks: dict[str, Known] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)
    command: Command = Command.RUN
    turned: bool = False
    back_asked: bool = False
    finish_asked: bool = False
    stop_asked: bool = False
    alarm: str = ""
    ended: Ending | None = None
    was_done: bool = False
    now_s: float = 0.0

    def of(self, task: Task) -> Known:
        """What is known of a task."""
        return self.tasks.get(task.id) or Known()


def fold(entries: Sequence[Entry]) -> State:
    """What the journal says, taken together."""
    state = State()
    for entry, at_s in zip(entries, worked_s(entries), strict=True):
        state.now_s = at_s
        if entry.id and entry.kind in _OF_A_TASK:
            _note(state, entry, at_s)
        else:
            _step(state, entry)
    state.ended = ending(entries)
    return state


_OF_A_TASK = (Kind.STARTED, Kind.NOTED, Kind.DONE, Kind.FAILED, Kind.SETTLED)


def _step(state: State, entry: Entry) -> None:
    match entry.kind:
        case Kind.OPENED:
            state.command = Command(entry.text("command"))
            state.back_asked |= state.command is Command.ROLLBACK
            state.finish_asked |= state.command is Command.FINISH
            state.stop_asked, state.alarm = False, ""
            for known in state.tasks.values():
                known.failures = 0
        case Kind.TURNED:
            state.turned = True
        case Kind.ASKED:
            state.stop_asked = True
        case Kind.ALARM:
            state.alarm = entry.text("reason")
        case Kind.ENDED:
            state.was_done |= entry.text("ending") == Ending.DONE


def _note(state: State, entry: Entry, at_s: float) -> None:
    known = state.tasks.setdefault(entry.id, Known())
    match entry.kind:
        case Kind.STARTED:
            if not known.started:
                known.first_s = at_s
                state.order.append(entry.id)
            known.started = known.cut_off = True
            known.failed, known.applied = False, None
        case Kind.NOTED:
            known.command_ended |= entry.text("what") == COMMAND_ENDED
        case Kind.DONE:
            known.done, known.cut_off, known.applied = True, False, True
        case Kind.FAILED:
            applied = entry.data.get("applied")
            known.failed, known.reason = True, entry.text("message")
            known.failures += 1
            known.cut_off = False
            known.applied = applied if isinstance(applied, bool) else None
        case Kind.SETTLED:
            known.applied, known.cut_off = bool(entry.data.get("applied")), False
    known.last_s = at_s
