"""Tries one script, statement by statement, on an empty copy of the schema that it would meet.

Rule: SQLite is asked first, by running the statement; only what it cannot say is read from sqlglot's tree.
"""

from collections.abc import Iterator, Mapping, Sequence

from changeover.check import consequence, places
from changeover.check.lint_rules import LintedScript, sets_version, statement_rules
from changeover.check.schema_copy import EmptyCopy
from changeover.plan.model import Phase, SqlAction, SqlStatement, Strategy
from changeover.problems import Problem, Severity
from changeover.sql.identifiers import OWN_PREFIX, identifier_key
from changeover.sql.text import tokens, unquoted
from changeover.sql.tree import Effect, effect_of

_OWN = ("sqlite_", OWN_PREFIX)
"""Prefixes of tables that no scope needs to name: SQLite's own, and those kept for the rollback."""
_CONTROL = {"BEGIN", "COMMIT", "ROLLBACK", "END", "SAVEPOINT", "RELEASE", "ATTACH", "DETACH", "VACUUM"}


def script_problems(action: SqlAction, phase: Phase, copy: EmptyCopy) -> Iterator[Problem]:
    """The problems of a script; it runs on ``copy``, which has the changed schema afterwards."""
    effects = [effect_of(statement.text) for statement in action.statements]
    script = LintedScript(action, tuple(effects))
    copy.known = copy.known and bool(action.statements)
    copy.prepare(action.statements)
    before = places.orders(action.scope, copy)
    for statement, effect in zip(action.statements, effects, strict=True):
        yield from statement_rules(script, statement, effect, copy)
        if effect.verb in _CONTROL or _is_setting(action, statement, effect):
            continue
        if (message := copy.attempt(statement.text, statement.parameters)) and not _said(statement, message):
            problem = f"SQLite cannot run this: {message}"
            would = consequence.if_run(effect, copy.living) if copy.living else ""
            yield Problem(statement.position, "sql", problem, _mending(message, copy), would=would)
    if action.changes and phase in (Phase.EXECUTE, Phase.ROLLBACK):
        yield from _scope(action, effects)
        yield from _drops(script, copy)
    if action.changes and phase is Phase.EXECUTE:
        yield from _moved_columns(action, before, copy)


def _is_setting(action: SqlAction, statement: SqlStatement, effect: Effect) -> bool:
    return effect.verb == "PRAGMA" and action.changes and not sets_version(statement.text)


def _moved_columns(action: SqlAction, before: Mapping[str, list[str]], copy: EmptyCopy) -> Iterator[Problem]:
    for table, columns in places.moved(before, places.orders(action.scope, copy)):
        message = f"the columns of {table} stand in another order afterwards: {columns}"
        hint = (
            "whoever reads SELECT * by place, or writes INSERT without column names, would mix them up:"
            " keep the order, new columns last"
        )
        yield Problem(action.position, "column-order", message, hint, Severity.WARNING)


def _said(statement: SqlStatement, message: str) -> bool:
    """Whether another rule reports the same fault in better words."""
    words = {token.word for token in tokens(statement.text)}
    return ("RAISE()" in message and "RAISE" in words) or any(word.startswith("${") for word in words)


def _mending(message: str, copy: EmptyCopy) -> str:
    if message.startswith("error in "):  # "error in view v: no such table: main.g"
        what = message.removeprefix("error in ").partition(":")[0]
        return f"{what} cannot work as it stands: drop it in the script, and make it again as it should be"
    if "already exists" in message:
        return "where the database has one of its own, rename it there; else take another name in the script"
    if "no such table" in message:
        return "the database to be changed has no such table; create it in the plan, or mend the name"
    if "no such column" in message or "has no column" in message:
        return "compare the name with the schema of the database to be changed"
    if "cannot use variables" in message:
        return "definitions cannot hold :parameters; write values into a table and let the trigger read it"
    return "mend the statement where SQLite points at; it was tried on an empty copy of the schema"


def _scope(action: SqlAction, effects: Sequence[Effect]) -> Iterator[Problem]:
    made = _made_first(effects)
    gone = {identifier_key(name) for effect in effects for name in (*effect.drops, *effect.renames)}
    passing = (made & gone) | {identifier_key(name) for effect in effects for name in effect.temporary}
    scope = {identifier_key(name) for name in action.scope}
    reported: set[str] = set()
    for statement, effect in zip(action.statements, effects, strict=True):
        for table in (*effect.writes, *effect.creates, *effect.drops, *effect.renames.values()):
            name = identifier_key(table)
            if name in scope | reported | passing or not scope or name.startswith(_OWN):
                continue
            reported.add(name)
            hint = f'add {table} to scope="..." of {action.id}, or take the statement away'
            yield Problem(statement.position, "out-of-scope", f"{table} is changed but not in scope", hint)


def _made_first(effects: Sequence[Effect]) -> set[str]:
    """The tables that a script creates, or renames to this name, before it uses the name otherwise."""
    made: set[str] = set()
    known: set[str] = set()
    for effect in effects:
        made |= {identifier_key(name) for name in (*effect.creates, *effect.renames.values())} - known
        known |= {identifier_key(name) for name in (*effect.writes, *effect.drops, *effect.renames)} | made
    return made


def _drops(script: LintedScript, copy: EmptyCopy) -> Iterator[Problem]:
    """DROP of a table that others refer to.

    With foreign keys on, SQLite first deletes all its rows, with cascade.
    """
    for statement, effect in zip(script.action.statements, script.effects, strict=True):
        for table in effect.drops:
            children = copy.referring_to(table)
            if not children:
                continue
            named = sorted({child.name for child, _ in children})
            names, would = ", ".join(named), ""
            if copy.living:
                would = consequence.if_parent_dropped(table, named, copy.living)
            rules = ", ".join(sorted({key.on_delete for _, key in children}))
            if script.action.strategy is Strategy.NATIVE:
                hint = "strategy=blocking turns foreign keys off before BEGIN and compares all other tables"
                message = f"DROP TABLE {table} with foreign keys on empties {names} (ON DELETE {rules})"
                yield Problem(statement.position, "drop-cascade", message, hint, would=would)
            elif not copy.has(table):
                hint = f"create {table} again in the same script, or drop the references of {names} first"
                message = f"after DROP TABLE {table}, {names} would refer to nothing"
                yield Problem(statement.position, "drop-referenced", message, hint, would=would)
            elif not _declares(script, children[0][0].name):
                message = f"{names} refer to {table}, which is dropped and made again"
                hint = 'declare rows="' + " ".join(f"{name}=0" for name in names.split(", ")) + '"'
                yield Problem(statement.position, "drop-referenced", message, hint, Severity.WARNING)


def _declares(script: LintedScript, table: str) -> bool:
    return any(
        identifier_key(unquoted(expectation.table)) == identifier_key(table)
        for expectation in script.action.rows
    )
