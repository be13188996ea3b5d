"""The rules for the form of a plan, and `check`, which runs all rules there are.

Rule: each function takes a plan and yields problems; the rules of this module read no file and no database.
"""

from collections.abc import Iterator, Mapping

from changeover.check.command_rules import command_rules
from changeover.check.deploy_rules import deploy_rules
from changeover.check.lint import FORESEEN, Performing, lint
from changeover.check.online_rules import online_rules
from changeover.check.server_rules import server_rules
from changeover.engine.budgets import budget_rules
from changeover.plan.model import AnyAction, HttpAction, Phase, Plan, ShellAction, SqlAction
from changeover.plan.placeholders import placeholder_in
from changeover.plan.variables import used_names
from changeover.problems import Position, Problem, Severity
from changeover.shell import credentials
from changeover.sql.identifiers import OWN_PREFIX, identifier_key
from changeover.sql.tree import effect_of

UNDECIDED = "DECIDE:"
_SECRET_HEADERS = {"authorization", "cookie", "x-api-key", "proxy-authorization"}


def check(
    plan: Plan, schema: Mapping[str, str] | None = None, performing: Performing | None = None
) -> list[Problem]:
    """Every problem of a plan, in the order of the document.

    ``schema`` maps names to CREATE statements of the database (`changeover.check.schema_copy.read_schema`).
    With it, scripts are tried on an empty copy, so that missing tables and half keys are found.
    ``performing`` performs the plan on that copy as a rehearsal does (see `lint`).
    """
    rules = (_sections, _boxes, _actions, _undo, _ids, _parameters, _secrets, _undecided, budget_rules)
    found = [problem for rule in rules for problem in rule(plan)]
    found += [*deploy_rules(plan, schema), *command_rules(plan, schema), *server_rules(plan, schema)]
    online = list(online_rules(plan))
    known = {problem.position for problem in online}
    linted = lint(plan, schema, performing)
    found += [*online, *(p for p in linted if p.rule != FORESEEN or p.position not in known)]
    return sorted(found, key=lambda p: (p.position.file, p.position.line))


def _sections(plan: Plan) -> Iterator[Problem]:
    order = list(Phase)
    phases = [section.phase for section in plan.sections]
    for before, section in zip(plan.sections, plan.sections[1:], strict=False):
        if order.index(section.phase) < order.index(before.phase):
            message = f"{section.title!r} stands after {before.title!r}"
            yield Problem(section.position, "section-order", message, f"the order is {', '.join(Phase)}")
    if Phase.EXECUTE not in phases:
        yield Problem(plan.position, "no-execute", "nothing to execute", "write a section ## Execute")
    if Phase.PREFLIGHT not in phases:
        hint = "a section ## Pre-flight with a check for each assumption the plan makes"
        yield Problem(plan.position, "no-preflight", "nothing is checked before", hint, Severity.WARNING)
    for section in plan.sections:
        for step in section.steps:
            if not step.actions and not step.boxes:
                hint = "give it a block with braces, a box that a person confirms, or make it #### prose"
                yield Problem(step.position, "empty-step", f"step {step.title!r} does nothing", hint)


def _boxes(plan: Plan) -> Iterator[Problem]:
    for box in plan.boxes():
        if box.ticked and box.is_judgement:
            hint = (
                f"add a block {{for={box.id} ...}} that proves it, or untick it: a person is asked in the run"
            )
            yield Problem(
                box.position, "ticked-without-check", f"{box.text!r} is ticked but has no check", hint
            )
    for box in plan.boxes(Phase.EXECUTE):
        if box.is_judgement:
            message = f"a person is asked {box.text!r} while the change is under way"
            yield Problem(box.position, "asked-in-downtime", message, "", Severity.WARNING)


def _actions(plan: Plan) -> Iterator[Problem]:
    for section in plan.sections:
        for action in (action for step in section.steps for action in step.actions):
            if isinstance(action, SqlAction):
                yield from _sql(action, section.phase)
            elif isinstance(action, HttpAction):
                yield from _http(action)
            if action.part and section.phase is not Phase.EXECUTE:
                hint = "phase=deploy and phase=migrate are for the Execute section"
                yield Problem(action.position, "part", f"{action.id} has a phase", hint)


def _sql(action: SqlAction, phase: Phase) -> Iterator[Problem]:
    if not action.changes:
        if action.expect is None and action.statements:
            hint = 'add expect=empty, expect=some, expect=">= 3", or a block ```expect {for=...}'
            yield Problem(action.position, "no-expectation", f"nothing says what {action.id} must find", hint)
        return
    if phase in (Phase.PREFLIGHT, Phase.AFTER):
        hint = "only Execute, Rollback and Finish may change the database"
        yield Problem(action.position, "change-in-check", f"{action.id} changes the database", hint)
    elif not action.scope and not _only_keeps(action):
        hint = 'add scope="table table": every table that may be different afterwards'
        yield Problem(
            action.position, "no-scope", f"{action.id} does not say which tables it may change", hint
        )
    for expectation in action.rows:
        if identifier_key(expectation.table).startswith(OWN_PREFIX):
            hint = "take it out of rows and prove what is in it by a query"
            yield Problem(action.position, "kept-rows", f"{expectation.table} is never compared", hint)
    named = {expectation.table for expectation in action.rows}
    for table in action.scope:
        own = identifier_key(table).startswith(OWN_PREFIX)
        if table not in named and phase is Phase.EXECUTE and not own:
            hint = f'add to rows: "{table}=*" if no row may be lost, "{table}=0" if none may change'
            message = f"{action.id} does not say how many rows of {table} change"
            yield Problem(action.position, "no-rows", message, hint, Severity.WARNING)


def _only_keeps(action: SqlAction) -> bool:
    """Whether a script changes only tables kept for the rollback, views and triggers.

    It needs no scope then.
    """
    effects = [effect_of(statement.text) for statement in action.statements]
    written = [name for e in effects for name in (*e.writes, *e.creates, *e.drops, *e.renames)]
    known = all(e.verb in ("CREATE", "DROP") or e.writes or e.renames for e in effects)
    return known and all(identifier_key(name).startswith(OWN_PREFIX) for name in written)


def _http(action: HttpAction) -> Iterator[Problem]:
    for request in action.requests:
        if request.status is None:
            hint = "end the request with a line such as: 200 .success == true"
            message = f"{request.method} {request.url} does not say what answer is right"
            yield Problem(action.position, "no-status", message, hint)


def _undo(plan: Plan) -> Iterator[Problem]:
    known = {action.id: action for action in plan.actions(Phase.EXECUTE)}
    for phase in Phase:
        for action in plan.actions(phase):
            if action.undoes is None:
                continue
            if phase is not Phase.ROLLBACK:
                hint = "move it under ## Rollback"
                yield Problem(action.position, "undoes", "undoes= is for the Rollback section", hint)
            elif action.undoes not in known:
                hint = f"undoes= names a block of Execute: {', '.join(known) or 'there is none'}"
                yield Problem(action.position, "unknown-id", f"nothing is called {action.undoes!r}", hint)
    for action in known.values():
        yield from _cannot_go_back(plan, action)


def _cannot_go_back(plan: Plan, action: AnyAction) -> Iterator[Problem]:
    if plan.undo_of(action.id):
        return
    if isinstance(action, SqlAction) and action.changes and not action.derived_undo:
        hint = f"under ## Rollback write ```sql {{undoes={action.id} ...}}, or undo=derived for additions"
        yield Problem(action.position, "no-rollback", f"nothing takes {action.id} back", hint)
    if isinstance(action, ShellAction) and action.undo is None and not action.safe:
        hint = 'add undo="command", undo=none if nothing needs to be taken back, or safe if it only looks'
        yield Problem(action.position, "no-rollback", f"nothing takes {action.id} back", hint)


def _ids(plan: Plan) -> Iterator[Problem]:
    boxes = {box.id for box in plan.boxes()}
    for action in plan.actions():
        if action.id in boxes:
            hint = f"name the block otherwise and bind it by {{for={action.id}}}"
            yield Problem(action.position, "duplicate-id", f"box and block are both #{action.id}", hint)


def _parameters(plan: Plan) -> Iterator[Problem]:
    used = used_names(plan)
    declared = {parameter.name for parameter in plan.parameters if parameter.declared}
    declared |= plan.strategies().keys()
    for parameter in plan.parameters:
        if parameter.secret and parameter.default is not None:
            hint = "take the default away; set the environment variable"
            yield Problem(
                parameter.position, "secret-in-plan", f"secret {parameter.name} has a default", hint
            )
        if parameter.name not in used:
            message = f"parameter {parameter.name} is not used"
            yield Problem(parameter.position, "unused-parameter", message, "", Severity.WARNING)
    for action in plan.actions():
        for statement in action.statements if isinstance(action, SqlAction) else ():
            for name in statement.parameters:
                if name not in declared:
                    hint = f'declare it under parameters: {name}: {{help: "...", required: true}}'
                    yield Problem(statement.position, "unknown-parameter", f":{name} is not declared", hint)


def _secrets(plan: Plan) -> Iterator[Problem]:
    for action in plan.actions():
        requests = action.requests if isinstance(action, HttpAction) else ()
        for header in (header for request in requests for header in request.headers):
            if header.name.lower() in _SECRET_HEADERS and "${" not in header.value:
                hint = f"write {header.name}: ...${{NAME}} and set NAME in the environment"
                yield Problem(action.position, "secret-in-plan", f"{header.name} holds a literal", hint)
        text = action.script if isinstance(action, ShellAction) else ""
        text += " ".join(r.url + (r.body or "") for r in requests)
        for _, name in credentials.literals(text):
            message = f"{action.id} holds what looks like a secret ({name})"
            hint = f"write ${{{name}}} and set it in the environment"
            yield Problem(action.position, "secret-in-plan", message, hint, Severity.WARNING)
        if found := placeholder_in(text):
            hint = "write ${NAME} and declare the parameter"
            yield Problem(action.position, "placeholder", f"{found} looks like a placeholder", hint)


def _undecided(plan: Plan) -> Iterator[Problem]:
    for number, line in enumerate(plan.text.split("\n"), start=1):
        if UNDECIDED in line:
            question = line.split(UNDECIDED, 1)[1].replace("-->", "").strip() or "a decision is open"
            hint = "decide it, then delete this line"
            yield Problem(Position(plan.position.file, number), "undecided", question, hint)
