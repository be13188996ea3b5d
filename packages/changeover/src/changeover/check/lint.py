"""All SQL of a plan tried on an empty copy of the schema, in the order in which it would run, there and back.

Rule: whoever calls says how a task is carried out (`Performing`): `run.check` performs it as a rehearsal
would, and what a rehearsal would fail with is foreseen. Without that, and where the schema is not known,
scripts are only read.
"""

from collections.abc import Callable, Iterable, Mapping
from sqlite3 import Connection, Error, IntegrityError

from changeover.check.schema_copy import EmptyCopy, schema_of_script
from changeover.check.script import script_problems
from changeover.database import application
from changeover.database.schema import empty, references
from changeover.engine.tasks import Task, TaskKind, TaskPlan, rollback_tasks, task_plan
from changeover.errors import BadParameter, ChangeoverError, StepFailed
from changeover.plan.model import Phase, Plan, SqlAction
from changeover.problems import Position, Problem, Severity

FORESEEN = "rehearsal"
"""The rule of what a rehearsal would fail with."""
Look = Callable[[SqlAction], None]
Perform = Callable[[Task, Connection, Look], None]
"""Carries out a task on an empty copy, and gives each script to the look before. Raises ChangeoverErrors."""
Performing = Callable[[Plan, TaskPlan, Connection], Perform]
"""What carries out the tasks of a plan that begins with an empty copy."""


def lint(
    plan: Plan, schema: Mapping[str, str] | None = None, performing: Performing | None = None
) -> list[Problem]:
    """The problems of all SQL of a plan, tried in the order in which it would run.

    ``schema`` maps names to CREATE statements of the database; without it the plan's own ``schema: before``
    is taken, and without that too only faults that no schema could mend are found.
    """
    if schema is None:
        return _linted(plan, schema, performing)
    known = [extension for extension in plan.extensions if "${" not in extension]
    try:
        with application.using(plan.functions, known):
            return _linted(plan, schema, performing)
    except BadParameter as error:
        return [Problem(plan.position, "application", error.message, error.hint)]


def _linted(plan: Plan, schema: Mapping[str, str] | None, performing: Performing | None) -> list[Problem]:
    before, problems = _before(plan, schema)
    copy = EmptyCopy(before)
    problems += [
        Problem(
            plan.position,
            "schema",
            f"{name} cannot be made again: {error}",
            empty.way_past(error, (before or {}).get(name, "")),
        )
        for name, error in copy.unmade.items()
    ]
    problems += [
        Problem(plan.position, "schema", sentence, empty.HINT)
        for sentence in references.broken(copy.connection)
        if "no such function" in sentence
    ]
    trial = DryRun(plan, copy, problems, performing)
    try:
        trial.play()
    finally:
        trial.copy.close()
    return trial.problems


def _before(plan: Plan, schema: Mapping[str, str] | None) -> tuple[Mapping[str, str] | None, list[Problem]]:
    if schema is not None or plan.schema is None or plan.schema.before is None:
        return schema, []
    try:
        return schema_of_script(plan.schema.before.text), []
    except Error as error:
        message = f"{plan.schema.before.name} cannot be run: {error}"
        return None, [Problem(plan.schema.position, "schema", message, "it holds CREATE statements only")]


class DryRun:
    """A plan under way on an empty copy, there and back; ``problems`` are what is found."""

    def __init__(
        self, plan: Plan, copy: EmptyCopy, problems: Iterable[Problem], performing: Performing | None
    ) -> None:
        self.plan, self.copy, self.problems = plan, copy, list(problems)
        self.tasks = task_plan(plan, additive=True)
        self.act = performing(plan, self.tasks, copy.connection) if performing and copy.known else None
        self.looked: EmptyCopy | None = None

    def play(self) -> None:
        """All of it; a task that fails leaves what its script makes, so that one fault is told once."""
        self._do((*self.tasks.preflight, *self.tasks.execute))
        forward = self.copy
        self.copy = forward.clone()
        try:
            self._go_back()
        finally:
            self.copy.close()
            self.copy = forward
        self._do((*self.tasks.after, *self.tasks.finish))

    def _go_back(self) -> None:
        back = rollback_tasks(self.plan, self.tasks.execute, lambda task: True)
        restored = [task for task in back if task.kind is TaskKind.RESTORED]
        self._do(task for task in back if task.kind is not TaskKind.RESTORED)
        subjects = {task.subject for task in back}
        for action in self.plan.actions(Phase.ROLLBACK):
            if isinstance(action, SqlAction) and action.id not in subjects:
                self._read(action, Phase.ROLLBACK)
                self._go_on()
        if self._is_whole():
            self._do(restored)

    def _is_whole(self) -> bool:
        """Whether all that was changed was taken back, as far as was found."""
        changes = [task for task in self.tasks.execute if task.atomic]
        ways = [rollback_tasks(self.plan, [task], lambda task: True) for task in changes]
        errors = any(problem.severity is Severity.ERROR for problem in self.problems)
        return not errors and all(any(task.atomic for task in way) for way in ways)

    def _do(self, tasks: Iterable[Task]) -> None:
        for task in tasks:
            if self.act is not None and self.copy.known:
                self._perform(task, self.act)
            elif task.kind is TaskKind.ACTION:
                action = self.plan.action(task.subject)
                if isinstance(action, SqlAction):
                    self._read(action, task.phase)
                    self._go_on()

    def _perform(self, task: Task, act: Perform) -> None:
        already = len(self.problems)
        try:
            act(task, self.copy.connection, lambda action: self._look(action, task.phase))
        except ChangeoverError as error:
            if len(self.problems) == already and not isinstance(error.__cause__, IntegrityError):
                self.problems.append(self._foreseen(task, error))
            self._go_on()
        else:
            self._forget()

    def _look(self, action: SqlAction, phase: Phase) -> None:
        """Before a script is carried out: raises StepFailed where reading it found a fault."""
        if not self._read(action, phase):
            raise StepFailed("A statement is at fault.", position=action.position)

    def _read(self, action: SqlAction, phase: Phase) -> bool:
        """Try a script statement by statement; whether it has no fault."""
        self.looked = self.copy.clone()
        found = list(script_problems(action, phase, self.looked))
        self.problems += found
        return not any(problem.severity is Severity.ERROR for problem in found)

    def _go_on(self) -> None:
        """From here on with the schema that the script, as far as it works, makes."""
        if self.looked is not None:
            self.copy.close()
            self.copy, self.looked = self.looked, None

    def _forget(self) -> None:
        if self.looked is not None:
            self.looked.close()
            self.looked = None

    def _foreseen(self, task: Task, error: ChangeoverError) -> Problem:
        place = error.position if isinstance(error, StepFailed) else None
        message = f"a rehearsal would fail: {error.message}"
        return Problem(place or self._position(task), FORESEEN, message, error.hint)

    def _position(self, task: Task) -> Position:
        if task.kind in (TaskKind.ACTION, TaskKind.UNDO_DERIVED):
            return self.plan.action(task.subject).position
        section = self.plan.section(Phase.ROLLBACK)
        return section.position if section else self.plan.position
