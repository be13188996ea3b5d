"""A plan as data: what a parsed plan document says, frozen, with the place where it says so.

Rule: nothing here reads a file, an environment or a database. ``${NAME}`` in texts and ``:name`` in SQL
stand as written; ``changeover.plan.params`` gives them values at the moment of use. Durations are seconds.

Plan > Section (a phase) > Step (a heading with a budget) > Action (a block that runs) and Box (a checkbox).
The journal, the engine and the report name actions and boxes by ``id``; ids are unique in a plan.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

from changeover.plan.actions import (
    Action,
    AnyAction,
    CheckOutcome,
    Expect,
    Gate,
    Header,
    HttpAction,
    IndexColumns,
    JsonAssertion,
    Match,
    Operator,
    Part,
    Request,
    Retry,
    RowExpectation,
    Rows,
    ShellAction,
    SqlAction,
    Strategy,
    WhenInconclusive,
)
from changeover.problems import Position, Problem, Severity
from changeover.sql.text import SqlStatement

__all__ = [
    "Action",
    "AnyAction",
    "Box",
    "CheckOutcome",
    "Contract",
    "Event",
    "Expect",
    "Gate",
    "Header",
    "Hook",
    "HookKind",
    "HttpAction",
    "IndexColumns",
    "JsonAssertion",
    "Match",
    "Operator",
    "Order",
    "Parameter",
    "ParameterKind",
    "Part",
    "Phase",
    "Plan",
    "PlanFile",
    "Position",
    "Probe",
    "Problem",
    "Request",
    "Retry",
    "RowExpectation",
    "Rows",
    "SchemaExpectation",
    "Section",
    "Severity",
    "ShellAction",
    "SqlAction",
    "SqlStatement",
    "Step",
    "Strategy",
    "WhenInconclusive",
]


class Phase(StrEnum):
    """The sections of a plan, in the order in which they must stand."""

    PREFLIGHT = "pre-flight"
    EXECUTE = "execute"
    ROLLBACK = "rollback"
    AFTER = "after"
    FINISH = "finish"


class ParameterKind(StrEnum):
    """``--set name=value`` makes a text, ``--set name.key=value`` an entry of a map."""

    TEXT = "text"
    MAP = "map"


@dataclass(frozen=True, slots=True)
class Parameter:
    """What a plan must be told.

    ``secret`` values come from the environment variable ``env`` only and are hidden everywhere.
    ``pattern`` is a regular expression that the whole value (of a map: each value) must match.
    ``declared`` is False for a ``${NAME}`` that the front matter does not explain: environment, secret.
    """

    name: str
    position: Position
    help: str = ""
    kind: ParameterKind = ParameterKind.TEXT
    required: bool = False
    default: str | None = None
    secret: bool = False
    pattern: str | None = None
    env: str | None = None
    declared: bool = True


class HookKind(StrEnum):
    COMMAND = "command"
    WEBHOOK = "webhook"


class Event(StrEnum):
    """What a notification may be about."""

    STARTED = "started"
    FINISHED = "finished"
    FAILED = "failed"
    ROLLED_BACK = "rolled-back"
    OPERATOR_NEEDED = "operator-needed"


@dataclass(frozen=True, slots=True)
class Hook:
    """Who is told: a shell command (event as JSON on its stdin) or a URL (JSON by POST)."""

    kind: HookKind
    target: str
    position: Position
    events: tuple[Event, ...] = tuple(Event)


@dataclass(frozen=True, slots=True)
class Probe:
    """A request repeated through the whole run, to measure what users see.

    ``failures_allowed`` None only reports; a number makes the run fail once more requests than that failed.
    """

    url: str
    position: Position
    every_s: float = 0.1
    slow_s: float = 1.0
    timeout_s: float = 5.0
    headers: tuple[Header, ...] = ()
    failures_allowed: int | None = None


@dataclass(frozen=True, slots=True)
class Contract:
    """What the new release needs to exist after the migration: columns by table.

    Either ``tables`` as written in the plan, or ``command`` that prints the same as a JSON object
    ``{"table": ["column", ...]}`` on stdout (``liveone schema contract --json``).
    """

    position: Position
    tables: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    command: str | None = None


@dataclass(frozen=True, slots=True)
class PlanFile:
    """A file the plan refers to: name as written (relative to the plan), its text, SHA-256 of the text."""

    name: str
    text: str
    sha256: str


@dataclass(frozen=True, slots=True)
class SchemaExpectation:
    """Scripts (CREATE statements) that make the schema expected before and after, compared by definition.

    Tables whose names begin with ``changeover_`` are the engine's own or kept for rollback: never compared.
    """

    position: Position
    before: PlanFile | None = None
    after: PlanFile | None = None


class Order(StrEnum):
    """AUTO: an additive change migrates first, a removing one deploys first; AS_WRITTEN: as it stands."""

    AUTO = "auto"
    AS_WRITTEN = "as-written"
    MIGRATE_FIRST = "migrate-first"
    DEPLOY_FIRST = "deploy-first"


@dataclass(frozen=True, slots=True)
class Box:
    """A checkbox. With ``actions`` (ids) it is proven by them; without, a person judges it.

    ``ticked`` is how it stands in the document; a ticked box without a check is an error.
    """

    id: str
    text: str
    ticked: bool
    position: Position
    actions: tuple[str, ...] = ()

    @property
    def is_judgement(self) -> bool:
        """Whether only a person can say yes (asked, or named by ``--confirm <id>``)."""
        return not self.actions


@dataclass(frozen=True, slots=True)
class Step:
    """A heading of the third level with what stands under it (or what stands right under its section).

    ``actions`` and ``boxes`` are in the order of the document; ``budget_s`` covers all actions together.
    """

    id: str
    title: str
    position: Position
    budget_s: float | None = None
    boxes: tuple[Box, ...] = ()
    actions: tuple[AnyAction, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """A heading of the second level that names a phase."""

    phase: Phase
    title: str
    position: Position
    budget_s: float | None = None
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole plan. ``sha256`` covers the document and every file it refers to, newlines normalised.

    ``database`` is a path or URL and may hold ``${NAME}``. ``downtime_s`` bounds the whole execute phase,
    ``rollback_within_s`` the rollback, ``writers_held_s`` every single hold of the write lock. ``backups`` is
    the folder for backups (None: beside the database). ``functions`` are Python files beside the plan whose
    ``register(connection)`` gives a connection the application's functions and collations; ``extensions``
    are loadable libraries of SQLite, as written (``${NAME}`` allowed). ``accept`` maps the name of a finding
    of the rehearsal (``audit.rows``) to the reason why it is accepted.
    """

    path: Path
    title: str
    text: str
    sha256: str
    database: str
    position: Position
    downtime_s: float | None = None
    rollback_within_s: float | None = None
    order: Order = Order.AUTO
    writers_held_s: float | None = None
    backups: str | None = None
    functions: tuple[PlanFile, ...] = ()
    extensions: tuple[str, ...] = ()
    accept: Mapping[str, str] = field(default_factory=dict)
    parameters: tuple[Parameter, ...] = ()
    hooks: tuple[Hook, ...] = ()
    probe: Probe | None = None
    contract: Contract | None = None
    schema: SchemaExpectation | None = None
    files: tuple[PlanFile, ...] = ()
    sections: tuple[Section, ...] = ()

    def section(self, phase: Phase) -> Section | None:
        """The section of a phase, or None where the plan has none."""
        return next((section for section in self.sections if section.phase is phase), None)

    def steps(self, phase: Phase) -> tuple[Step, ...]:
        """The steps of a phase in the order of the document; empty where the plan has no such section."""
        section = self.section(phase)
        return section.steps if section else ()

    def actions(self, phase: Phase | None = None) -> Iterator[AnyAction]:
        """The actions of a phase, or of the whole plan, in the order of the document."""
        for section in self.sections:
            if phase in (None, section.phase):
                for step in section.steps:
                    yield from step.actions

    def boxes(self, phase: Phase | None = None) -> Iterator[Box]:
        """The boxes of a phase, or of the whole plan, in the order of the document."""
        for section in self.sections:
            if phase in (None, section.phase):
                for step in section.steps:
                    yield from step.boxes

    def action(self, action_id: str) -> AnyAction:
        """The action of that id; KeyError when the plan has none."""
        for action in self.actions():
            if action.id == action_id:
                return action
        raise KeyError(action_id)

    def undo_of(self, action_id: str) -> tuple[AnyAction, ...]:
        """The written rollback actions that take ``action_id`` back, in the order of the document."""
        return tuple(action for action in self.actions(Phase.ROLLBACK) if action.undoes == action_id)

    def with_strategies(self, chosen: Mapping[str, str]) -> "Plan":
        """The plan with a strategy for each action named that left it open."""

        def as_chosen(action: AnyAction) -> AnyAction:
            if isinstance(action, SqlAction) and action.strategy is Strategy.AUTO and action.id in chosen:
                return replace(action, strategy=Strategy(chosen[action.id]))
            return action

        def of_step(step: Step) -> Step:
            return replace(step, actions=tuple(map(as_chosen, step.actions)))

        sections = (replace(one, steps=tuple(map(of_step, one.steps))) for one in self.sections)
        return replace(self, sections=tuple(sections)) if chosen else self

    def strategies(self) -> dict[str, str]:
        """How each change of Execute is done, by the name under which a script may bind it.

        The change `five-minutes` is `:strategy_five_minutes`; `auto` stands for one that was left open and is
        done in one transaction.
        """
        return {
            f"strategy_{action.id.replace('-', '_')}": action.strategy.value
            for action in self.actions(Phase.EXECUTE)
            if isinstance(action, SqlAction) and action.changes
        }

    def parameter(self, name: str) -> Parameter:
        """The parameter of that name; KeyError when the plan has none."""
        for parameter in self.parameters:
            if parameter.name == name:
                return parameter
        raise KeyError(name)
