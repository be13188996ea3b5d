"""A run as a list that fills in: step, planned, measured, verdict.

Pure: a plan and its journal in, lines out.

Rule: the terminal, `status` and the report show these same lines, so they can never tell different stories.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from changeover.engine.decide import going_back
from changeover.engine.entries import Entry, EntryKind, begun
from changeover.engine.progress import RunState, TaskProgress, fold
from changeover.engine.tasks import Task, TaskKind, task_plan
from changeover.plan.model import Phase, Plan


class Verdict(StrEnum):
    """What became of a task.

    CUT_OFF: started, and its runner was killed; BACK: done, and taken back since.
    """

    WAITING = "waiting"
    RUNNING = "running"
    PASSED = "passed"
    FAILED = "failed"
    CUT_OFF = "cut off"
    BACK = "taken back"
    NOT_RUN = "not run"


@dataclass(frozen=True, slots=True)
class Line:
    """One task for people. Times in seconds: the plan's limit, what the rehearsal took, what it took here.

    ``start_s`` counts from the beginning of the run, as runners worked. ``found`` is output or the reason.
    """

    id: str
    phase: Phase
    step: str
    label: str
    verdict: Verdict
    planned_s: float | None = None
    predicted_s: float | None = None
    measured_s: float | None = None
    frozen_s: float | None = None
    start_s: float | None = None
    attempts: int = 0
    found: str = ""
    who: str = ""


def lines(
    plan: Plan,
    entries: Sequence[Entry],
    *,
    additive: bool | None = None,
    predicted: Mapping[str, float] | None = None,
) -> list[Line]:
    """The tasks of a run in the order in which they are done, with what is known of each."""
    first = begun(entries)
    order = bool(first and first.data.get("additive")) if additive is None else additive
    state, found = fold(entries), task_plan(plan, additive=order)
    tasks = list(found.forward)
    back = going_back(plan, found, state) if state.rolling_back else ()
    if state.rolling_back:
        tasks = [task for task in tasks if state.of(task).started] + list(back)
    if any(state.of(task).started for task in found.finish):
        tasks += list(found.finish)
    teller = _Teller(plan, entries, state, predicted or {})
    teller.undone = {_undoes(plan, task) for task in back if state.of(task).done or state.of(task).applied}
    return [teller.line(task) for task in tasks]


def running(entries: Sequence[Entry]) -> str:
    """The id of the task under way; empty when none is."""
    for entry in reversed(entries):
        if entry.kind in (EntryKind.DONE, EntryKind.FAILED, EntryKind.ENDED, EntryKind.OPENED):
            return ""
        if entry.kind is EntryKind.STARTED:
            return entry.id
    return ""


def frozen_s(found: Sequence[Line]) -> float:
    """How long writers were held in all, seconds."""
    return sum(line.frozen_s or 0.0 for line in found)


def _undoes(plan: Plan, task: Task) -> str:
    """The id of the task that a task of the way back takes back; empty for one that only looks."""
    if task.kind is TaskKind.ACTION:
        return plan.action(task.subject).undoes or ""
    return task.subject


class _Teller:
    """Makes lines from what is known of one run."""

    def __init__(
        self, plan: Plan, entries: Sequence[Entry], state: RunState, predicted: Mapping[str, float]
    ) -> None:
        self.plan, self.state, self.predicted = plan, state, predicted
        self.undone: set[str] = set()
        self.over = state.ended is not None
        self.now = running(entries)
        self.last = {e.id: e for e in entries if e.kind in (EntryKind.DONE, EntryKind.FAILED)}
        self.attempts: dict[str, int] = {}
        for entry in entries:
            if entry.kind is EntryKind.STARTED:
                self.attempts[entry.id] = self.attempts.get(entry.id, 0) + 1
        self.steps = {(section.phase, step.id): step for section in plan.sections for step in section.steps}

    def line(self, task: Task) -> Line:
        known, last = self.state.of(task), self.last.get(task.id)
        step = self.steps.get((task.phase, task.step))
        return Line(
            task.id,
            task.phase,
            step.title if step else task.label,
            task.label,
            self._verdict(task, known),
            self._planned(task),
            self.predicted.get(task.id),
            last.number("seconds") if last else None,
            last.number("frozen_s") if last else None,
            known.first_s if known.started else None,
            self.attempts.get(task.id, 0),
            (last.text("found") or last.text("message")) if last else "",
            last.text("judged_by") if last else "",
        )

    def _verdict(self, task: Task, known: TaskProgress) -> Verdict:
        if task.id == self.now and not self.over:
            return Verdict.RUNNING
        if known.done or (task.atomic and known.applied):
            return Verdict.BACK if task.id in self.undone else Verdict.PASSED
        if known.failed:
            return Verdict.FAILED
        if known.started:
            return Verdict.CUT_OFF
        return Verdict.NOT_RUN if self.over else Verdict.WAITING

    def _planned(self, task: Task) -> float | None:
        if task.kind is TaskKind.ACTION:
            action = self.plan.action(task.subject)
            if action.budget_s is not None:
                return action.budget_s
        step = self.steps.get((task.phase, task.step))
        return step.budget_s if step else None
