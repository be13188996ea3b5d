"""Performs one task of a plan: the same code for a check, a rehearsal and a run.

Rule: the differences are arguments: the database (an empty copy, a copy, or the real one), the depth of the
checks, whether commands that act on the world outside are run or only listed (`ActionContext.living`), and
the limit.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from changeover.actions import finish, http, online, shell, sql
from changeover.actions.backup import back_up
from changeover.actions.context import ActionContext, ActionDeadline, ActionResult
from changeover.database.change.invariants import Depth
from changeover.database.ledger import Direction
from changeover.database.schema.fingerprint import fingerprint
from changeover.database.schema.meaning import Meanings, difference, meanings, of_script
from changeover.engine.limits import Limit
from changeover.engine.tasks import Task, TaskKind, TaskPlan, is_online
from changeover.errors import CheckFailed, Undecided
from changeover.plan.model import AnyAction, HttpAction, Phase, Plan, ShellAction, SqlAction
from changeover.run.made_since import ObjectKey

DIRECTIONS = {Phase.ROLLBACK: Direction.ROLLBACK, Phase.FINISH: Direction.FINISH}
Contract = Mapping[str, Sequence[str]]


def direction_of(task: Task) -> Direction:
    """The ledger's direction for a task."""
    return DIRECTIONS.get(task.phase, Direction.FORWARD)


@dataclass(frozen=True, slots=True, kw_only=True)
class Performer:
    """Performs the tasks of one plan, one at a time.

    ``contract`` is called right before the last change. ``rehearsed_s`` says how long a change held writers
    in the rehearsal (None: not comparable). ``schema_before`` is the fingerprint that the rollback must
    restore, empty if it is not known; ``meanings_before`` is the same schema by meaning. ``others`` are
    objects that others made since; a rollback may leave them.
    """

    plan: Plan
    tasks: TaskPlan
    contract: Callable[[], Contract | None] = lambda: None
    rehearsed_s: Callable[[Task], float | None] = lambda task: None
    schema_before: str = ""
    meanings_before: Meanings | None = None
    others: frozenset[ObjectKey] = frozenset()
    last_change: str = field(init=False, default="")

    def __post_init__(self) -> None:
        changes = [task.id for task in self.tasks.execute if task.atomic]
        object.__setattr__(self, "last_change", changes[-1] if changes else "")

    def perform(
        self, task: Task, context: ActionContext, limit: Limit | None = None, *, gate_only: bool = False
    ) -> ActionResult:
        """Do a task, or say why it is only listed.

        ``gate_only``: its command ended before a crash, so only its gate is waited for. Raises the
        ChangeoverErrors of its action.
        """
        reason = "" if context.living else self.outside(task, blank=context.blank is not None)
        if reason:
            return ActionResult(listed=reason)
        deadline = ActionDeadline(limit)
        match task.kind:
            case TaskKind.JUDGEMENT:
                return _judge(task, context)
            case TaskKind.BACKUP:
                return back_up(context)
            case TaskKind.RESTORED:
                return self._restored(context)
            case TaskKind.UNDO_COMMAND:
                return shell.take_back(_shell(self.plan.action(task.subject)), context, deadline)
            case TaskKind.UNDO_DERIVED:
                action = _sql(self.plan.action(task.subject))
                request = sql.ChangeRequest(task.id, Direction.ROLLBACK, sql.content_of(action))
                return sql.undo(action, context, request)
            case TaskKind.FINISH_ONLINE:
                return online.finish(_sql(self.plan.action(task.subject)), context)
            case TaskKind.ACTION:
                return self._act(task, context, deadline, gate_only)

    def outside(self, task: Task, *, blank: bool = False) -> str:
        """Why a task cannot be shown on a copy; empty if it only concerns the database.

        On a ``blank`` copy, commands that only look are not run either: there is nothing to see.
        """
        if task.kind is TaskKind.JUDGEMENT:
            return "a person judges it in the run"
        if task.kind in (TaskKind.UNDO_COMMAND, TaskKind.BACKUP):
            return "it acts on the world outside the database"
        if task.kind is TaskKind.ACTION:
            action = self.plan.action(task.subject)
            if isinstance(action, HttpAction):
                return "it asks the living application"
            if isinstance(action, ShellAction) and (blank or not action.safe):
                return "it acts on the world outside the database"
        return ""

    def _act(
        self, task: Task, context: ActionContext, deadline: ActionDeadline, gate_only: bool
    ) -> ActionResult:
        action = self.plan.action(task.subject)
        if isinstance(action, HttpAction):
            return http.check(action, context, deadline)
        if isinstance(action, ShellAction):
            return shell.run(action, context, deadline, gate_only=gate_only)
        context.look(action)
        if not action.changes:
            return sql.query(action, context, deadline)
        request = self._request(task, action, context, deadline.limit)
        if action.undoes is not None:
            return self._take_back(action, context, request)
        if task.phase is Phase.FINISH:
            return finish.carry_out(action, context, request)
        if is_online(action):
            online.require(action, context)
            if context.depth is Depth.SWIFT:
                return online.change(action, context, request)
        return sql.change(action, context, request)

    def _take_back(
        self, action: SqlAction, context: ActionContext, request: sql.ChangeRequest
    ) -> ActionResult:
        undone = self._undone(action)
        done = online.take_back(action, undone, context, request) if is_online(undone) else None
        return done or sql.take_back(action, context, request, undone.statements)

    def _request(
        self, task: Task, action: SqlAction, context: ActionContext, limit: Limit | None
    ) -> sql.ChangeRequest:
        forward = task.phase is Phase.EXECUTE
        final = forward and action.id == self.last_change
        after = self.plan.schema.after if self.plan.schema else None
        contract = self.contract() if final else None
        content = self._undone(action)
        return sql.ChangeRequest(
            action.id,
            direction_of(task),
            sql.content_of(content),
            budget_s=self._held_s(context, limit) if forward else None,
            rehearsed_s=self.rehearsed_s(task) if forward else None,
            expected=of_script(after.text) if final and after else None,
            contract=dict(contract) if contract else None,
        )

    def _undone(self, action: SqlAction) -> SqlAction:
        """The change that an action takes back; for a change, the action itself."""
        undone = self.plan.action(action.undoes) if action.undoes is not None else action
        return undone if isinstance(undone, SqlAction) else action

    def _held_s(self, context: ActionContext, limit: Limit | None) -> float | None:
        """The seconds for which a change may hold writers.

        None at Depth.THOROUGH, whose checks take longer.
        """
        limits = [limit.seconds] if limit else []
        if self.plan.writers_held_s is not None and context.depth is Depth.SWIFT:
            limits.append(self.plan.writers_held_s)
        return min(limits, default=None)

    def _restored(self, context: ActionContext) -> ActionResult:
        """Check after the last undo that the schema is what it was."""
        if any(task.online for task in self.tasks.execute):
            online.clear(context)
        with context.opened() as connection:
            now = fingerprint(connection)
            found = {key: parts for key, parts in meanings(connection).items() if key not in self.others}
        if self.schema_before not in ("", now):
            known = self.meanings_before
            lines = difference(known, found) if known is not None else ("it has another fingerprint",)
            if not lines:
                return ActionResult("as it was, spelled otherwise", {"schema": now})
            raise CheckFailed(
                "The way back ran, but the schema is not the one from before:"
                + "".join(f"\n- {line}" for line in lines),
                hint="Mend the Rollback section: it leaves something behind, or makes it in another form.",
            )
        return ActionResult("as it was", {"schema": now})


def _judge(task: Task, context: ActionContext) -> ActionResult:
    """A box that only a person can judge: confirmed beforehand, or asked now."""
    if task.subject in context.confirmed:
        return ActionResult("confirmed", {"judged_by": context.who, "how": "--confirm"})
    answer = context.ask(task.subject, task.label)
    if answer is None:
        raise Undecided(
            f"Nobody has judged: {task.label}",
            hint=f"Look, then say so: --confirm {task.subject} (or run it on a terminal and be asked).",
        )
    if not answer:
        raise CheckFailed(f"{context.who} says no: {task.label}", hint="Mend that first.")
    return ActionResult("confirmed", {"judged_by": context.who, "how": "asked"})


def _sql(action: AnyAction) -> SqlAction:
    assert isinstance(action, SqlAction)
    return action


def _shell(action: AnyAction) -> ShellAction:
    assert isinstance(action, ShellAction)
    return action
