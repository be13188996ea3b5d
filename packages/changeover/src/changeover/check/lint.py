"""Runs the SQL of a plan on an empty copy of the schema, in the order of a run, and then its rollback.

Rule: the caller says how a task is performed (`Performing`). `run.check` performs it as a rehearsal does, so
that the failures of a rehearsal are found here. Without a performer or a schema, statements are checked one
by one.
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
"""The name of the rule for a failure that a rehearsal would have."""
BeforeScript = Callable[[SqlAction], None]
"""Called with each script before it runs. Raises StepFailed if one of its statements is at fault."""
Perform = Callable[[Task, Connection, BeforeScript], None]
"""Performs a task on an empty copy, and calls the function for each script. Raises ChangeoverErrors."""
Performing = Callable[[Plan, TaskPlan, Connection], Perform]
"""Makes the `Perform` of one plan, given its tasks and the empty copy on which they begin."""


def lint(
    plan: Plan, schema: Mapping[str, str] | None = None, performing: Performing | None = None
) -> list[Problem]:
    """The problems of all SQL of a plan, found by trying it in the order of a run.

    ``schema`` maps names to CREATE statements of the database. Without it the plan's ``schema: before`` is
    used; without that too, only faults that every schema would have are found (syntax, for instance).
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
    """One run of a plan, and its rollback, on an empty copy; ``problems`` collects what is found.

    ``tried`` is a clone of the copy on which the statements of the current script were tried one by one.
    """

    def __init__(
        self, plan: Plan, copy: EmptyCopy, problems: Iterable[Problem], performing: Performing | None
    ) -> None:
        self.plan, self.copy, self.problems = plan, copy, list(problems)
        self.tasks = task_plan(plan, additive=True)
        self.act = performing(plan, self.tasks, copy.connection) if performing and copy.known else None
        self.tried: EmptyCopy | None = None

    def play(self) -> None:
        """Run the whole plan: forward, back on a clone, then After and Finish on the copy as it was forward.

        A script that fails still leaves the tables that it makes, so that later scripts do not report it
        again.
        """
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
        """Whether no error was found and every change has a way back, so that the schema must be restored."""
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
            act(task, self.copy.connection, lambda action: self._before_script(action, task.phase))
        except ChangeoverError as error:
            # An empty copy breaks constraints that real rows keep (a row that a script refers to is not
            # there).
            if len(self.problems) == already and not isinstance(error.__cause__, IntegrityError):
                self.problems.append(self._foreseen(task, error))
            self._go_on()
        else:
            self._forget()

    def _before_script(self, action: SqlAction, phase: Phase) -> None:
        """See `BeforeScript`."""
        if not self._read(action, phase):
            raise StepFailed("A statement is at fault.", position=action.position)

    def _read(self, action: SqlAction, phase: Phase) -> bool:
        """Try a script statement by statement on a clone and note its problems; True if none is an error."""
        self.tried = self.copy.clone()
        found = list(script_problems(action, phase, self.tried))
        self.problems += found
        return not any(problem.severity is Severity.ERROR for problem in found)

    def _go_on(self) -> None:
        """Go on with the schema that the script makes, as far as its statements worked one by one."""
        if self.tried is not None:
            self.copy.close()
            self.copy, self.tried = self.tried, None

    def _forget(self) -> None:
        if self.tried is not None:
            self.tried.close()
            self.tried = None

    def _foreseen(self, task: Task, error: ChangeoverError) -> Problem:
        place = error.position if isinstance(error, StepFailed) else None
        message = f"a rehearsal would fail: {error.message}"
        return Problem(place or self._position(task), FORESEEN, message, error.hint)

    def _position(self, task: Task) -> Position:
        if task.kind in (TaskKind.ACTION, TaskKind.UNDO_DERIVED):
            return self.plan.action(task.subject).position
        section = self.plan.section(Phase.ROLLBACK)
        return section.position if section else self.plan.position
