"""The lint rules for one statement of a script; each is named after the accident that it prevents.

Rule: a problem says what would happen, to which rows, and what to write instead.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from sqlglot import exp

from changeover.check import consequence, places, quotes, vacuous
from changeover.check.embedded import picking
from changeover.check.half_key import half_key
from changeover.check.schema_copy import EmptyCopy
from changeover.plan.actions import Match
from changeover.plan.model import Rows, SqlAction, SqlStatement
from changeover.plan.placeholders import is_placeholder
from changeover.problems import Problem, Severity
from changeover.sql.identifiers import OWN_PREFIX, identifier_key
from changeover.sql.text import tokens
from changeover.sql.tree import Effect

_ALLOWED = re.compile(r"(?:--|/\*)[ \t]*allow ([a-z-]+):[ \t]*\S")
OWN_CONTROL = {
    "BEGIN": "the engine opens the transaction itself, so that work and ledger are committed together",
    "COMMIT": "the engine commits, after all invariants hold",
    "END": "the engine commits, after all invariants hold",
    "ROLLBACK": "the engine rolls back whenever something fails",
    "SAVEPOINT": "the whole script is one unit",
    "RELEASE": "the whole script is one unit",
    "PRAGMA": "settings belong to the engine; foreign keys are off before BEGIN with strategy=blocking",
    "ATTACH": "a plan changes one database",
    "DETACH": "a plan changes one database",
    "VACUUM": "it rewrites the whole file and cannot be undone; do it after the plan",
}


@dataclass(frozen=True, slots=True)
class LintedScript:
    """An action's script with the effect of each of its statements."""

    action: SqlAction
    effects: tuple[Effect, ...]


def statement_rules(
    script: LintedScript, statement: SqlStatement, effect: Effect, copy: EmptyCopy
) -> Iterator[Problem]:
    """The problems of one statement; ``copy`` has the schema as it is just before the statement runs.

    A comment inside the statement, ``-- allow <rule>: <reason>``, switches that rule off for it.
    """
    allowed = set(_ALLOWED.findall(statement.text))
    for problem in _all_rules(script, statement, effect, copy):
        if problem.rule not in allowed:
            yield replace(problem, would=problem.would or _would(problem, script, effect, copy))


def _would(problem: Problem, script: LintedScript, effect: Effect, copy: EmptyCopy) -> str:
    if copy.living is None:
        return ""
    if problem.rule == "raise-outside-trigger":
        place = next(number for number, one in enumerate(script.effects) if one is effect)
        return consequence.if_others_run(script.effects[place + 1 :], copy.living)
    counted = ("half-key", "placeholder", "every-row")
    return consequence.if_run(effect, copy.living) if problem.rule in counted else ""


def _all_rules(
    script: LintedScript, statement: SqlStatement, effect: Effect, copy: EmptyCopy
) -> Iterator[Problem]:
    yield from _own_control(script, statement, effect)
    yield from _other_parameters(statement)
    yield from _raise_outside(statement, effect)
    yield from _placeholders(statement, effect)
    yield from _half_key(statement, effect, copy)
    yield from _everything(script, statement, effect)
    yield from _select_star(statement, effect)
    yield from _by_place(statement, effect, copy)
    yield from _left_out(statement, effect, copy)
    yield from _quotes(statement, effect, copy)
    yield from _passes_by_accident(script, statement, effect, copy)
    yield from _copy_then_drop(script, statement, effect, copy)


def sets_version(text: str) -> bool:
    """Whether a statement sets ``PRAGMA user_version`` or ``application_id``.

    A plan may set these: they are numbers in the file's header and part of the transaction, as a row is.
    """
    words = [piece.word for piece in tokens(text) if piece.word not in ("MAIN", ".")]
    return words[:1] == ["PRAGMA"] and words[1:2] in (["USER_VERSION"], ["APPLICATION_ID"])


def _own_control(script: LintedScript, statement: SqlStatement, effect: Effect) -> Iterator[Problem]:
    if effect.verb == "PRAGMA" and (not script.action.changes or sets_version(statement.text)):
        return
    if effect.verb in OWN_CONTROL:
        reason = OWN_CONTROL[effect.verb]
        yield Problem(
            statement.position, "own-control", f"a script of its own {effect.verb}", f"take it away: {reason}"
        )


def _other_parameters(statement: SqlStatement) -> Iterator[Problem]:
    for token in tokens(statement.text):
        if token.kind == "parameter" and not token.text.startswith((":", "${")):
            hint = "write :name and declare name under parameters"
            yield Problem(statement.position, "sql-parameter", f"{token.text} is no parameter here", hint)


def _raise_outside(statement: SqlStatement, effect: Effect) -> Iterator[Problem]:
    pieces = list(tokens(statement.text))
    calls = [p for p, after in pairwise(pieces) if p.word == "RAISE" and after.text == "("]
    if calls and not effect.is_trigger:
        hint = (
            "make it a check of its own: ```sql {for=box expect=empty}, which stops the run before it begins"
        )
        message = "RAISE() works in triggers only; here SQLite refuses the statement, and a shell would go on"
        yield Problem(statement.position, "raise-outside-trigger", message, hint)


def _placeholders(statement: SqlStatement, effect: Effect) -> Iterator[Problem]:
    for token in tokens(statement.text):
        literal = token.text[1:-1] if token.kind == "string" else ""
        if literal.strip() and is_placeholder(literal):
            hint = "write :name, declare the parameter, and pass the real value by --set"
            yield Problem(statement.position, "placeholder", f"{token.text} looks like a placeholder", hint)
    yield from _empty_ids(statement, effect)


def _empty_ids(statement: SqlStatement, effect: Effect) -> Iterator[Problem]:
    if not isinstance(effect.tree, exp.Update):
        return
    for assignment in effect.tree.expressions:
        value = assignment.expression if isinstance(assignment, exp.EQ) else None
        if isinstance(value, exp.Literal) and value.is_string and not value.this.strip():
            name = assignment.this.name
            if identifier_key(name) == "id" or identifier_key(name).endswith("_id"):
                hint = "write :name and pass the real id by --set, or use NULL"
                yield Problem(statement.position, "placeholder", f"{name} is set to an empty id", hint)


def _half_key(statement: SqlStatement, effect: Effect, copy: EmptyCopy) -> Iterator[Problem]:
    """``UPDATE t ... WHERE a IN (SELECT a ...)`` where only (a, b) together name a row: it hits every b."""
    for verb, written, tree in picking(statement.text, effect, copy):
        found = half_key(tree, copy)
        if found is None:
            continue
        missing, names = ", ".join(found.missing), ", ".join(found.key)
        table = f"{written} by" if found.table == written else f"{written} by {found.table}'s"
        message = (
            f"{verb} of {table} {', '.join(found.by)} alone, but a row is named by ({names}):"
            f" it would change rows of every {missing}"
        )
        hint = (
            f"compare {missing} too: WHERE ({names}) IN (SELECT {names} ...); or, if all of them are meant,"
            " say so inside the statement: -- allow half-key: <why>"
        )
        yield Problem(statement.position, "half-key", message, hint)


def _everything(script: LintedScript, statement: SqlStatement, effect: Effect) -> Iterator[Problem]:
    """UPDATE or DELETE without WHERE, unless the plan says how many rows it means."""
    if isinstance(effect.tree, exp.Update | exp.Delete) and effect.tree.args.get("where") is None:
        table = effect.writes[0] if effect.writes else "the table"
        if not _counted(script, {identifier_key(table)}):
            hint = f'add a WHERE, or rows="{table}=*" to say that every row is meant'
            message = f"{effect.verb} without WHERE changes every row of {table}"
            yield Problem(statement.position, "every-row", message, hint, Severity.WARNING)


def _select_star(statement: SqlStatement, effect: Effect) -> Iterator[Problem]:
    if isinstance(effect.tree, exp.Insert) and isinstance(effect.tree.expression, exp.Select):
        if not any(isinstance(column, exp.Star) for column in effect.tree.expression.expressions):
            return
        hint = "name the columns on both sides"
        message = "INSERT ... SELECT * depends on the order of columns in this one database"
        yield Problem(statement.position, "select-star", message, hint, Severity.WARNING)


def _by_place(statement: SqlStatement, effect: Effect, copy: EmptyCopy) -> Iterator[Problem]:
    found = places.misplaced(effect.tree, copy) if isinstance(effect.tree, exp.Insert) else None
    if found is not None:
        source, place = found
        message = f"the values of {source} go into {place}: columns are matched by their place, not by name"
        yield Problem(statement.position, "copied-by-place", message, "name the columns on both sides")


def _left_out(statement: SqlStatement, effect: Effect, copy: EmptyCopy) -> Iterator[Problem]:
    found = places.left_out(effect.tree, copy) if isinstance(effect.tree, exp.Insert) else []
    if found:
        message = f"REPLACE writes whole rows: {', '.join(found)} would become the default in every one"
        yield Problem(
            statement.position, "replace-leaves-out", message, "write an UPDATE, or name every column"
        )


def _quotes(statement: SqlStatement, effect: Effect, copy: EmptyCopy) -> Iterator[Problem]:
    """Text in the wrong quotes: SQLite silently reads ``"c"`` as the text 'c' if there is no column c."""
    for text in quotes.quoted_defaults(statement.text, copy):
        message = f"DEFAULT is the text {text!r}, not its value: rows would get these very characters"
        hint = f"write DEFAULT ({text}) for the value; for the text say -- allow quoted-default: <why>"
        yield Problem(statement.position, "quoted-default", message, hint)
    for name, is_copied in (
        quotes.names_read_as_text(statement.text, effect.tree, copy) if effect.tree else ()
    ):
        severity = Severity.ERROR if is_copied else Severity.WARNING
        message = f"there is no column \"{name}\", so SQLite takes it for the text '{name}'"
        hint = "mend the name; where the text is meant, write it in single quotes"
        yield Problem(statement.position, "quoted-name", message, hint, severity)


def _passes_by_accident(
    script: LintedScript, statement: SqlStatement, effect: Effect, copy: EmptyCopy
) -> Iterator[Problem]:
    """A condition that holds for no row, or a check that no database can fail."""
    if effect.tree is None:
        return
    for text in dict.fromkeys(vacuous.compared_with_null(effect.tree)):
        hint = "write IS NULL, or IS NOT NULL"
        yield Problem(statement.position, "compared-with-null", f"{text} holds for no row at all", hint)
    for name in () if script.action.changes else dict.fromkeys(vacuous.not_in_nullable(effect.tree, copy)):
        message = f"NOT IN finds nothing as soon as one {name} is NULL, and it may be"
        hint = f"write NOT EXISTS, or add WHERE {name} IS NOT NULL"
        yield Problem(statement.position, "not-in-null", message, hint, Severity.WARNING)
    expect = script.action.expect
    if expect is not None and expect.match is Match.SOME and vacuous.always_one_row(effect.tree):
        message = "expect=some holds whatever is there: a count or a sum always has one row"
        hint = 'say which number: expect=">= 1"'
        yield Problem(statement.position, "proves-nothing", message, hint, Severity.WARNING)


def _copy_then_drop(
    script: LintedScript, statement: SqlStatement, effect: Effect, copy: EmptyCopy
) -> Iterator[Problem]:
    """INSERT ... SELECT that may leave rows out, then DROP of the table that still had them."""
    for table in effect.drops:
        for copied in script.effects:
            if (
                identifier_key(table) not in {identifier_key(name) for name in copied.copies}
                or not copied.writes
            ):
                continue
            target = copied.writes[0]
            if any(identifier_key(name).startswith(OWN_PREFIX) for name in (table, target)):
                continue  # A table kept for the rollback may hold a part of the rows only.
            final = next((e.renames[target] for e in script.effects if target in e.renames), target)
            if not _counted(script, {identifier_key(table), identifier_key(target), identifier_key(final)}):
                hint = f'add rows="{final}=*": the engine then compares the number of rows before COMMIT'
                if _gathers(copied):
                    hint = (
                        f'rows that become one are fewer: add rows="{final}=-3", with the number that are; or'
                        " keep what goes in a changeover_ table, and say so inside the DROP: -- allow"
                        " copy-without-count: <why>"
                    )
                message = (
                    f"{table} is copied into {target} and dropped; rows that the copy leaves out are lost"
                )
                would = consequence.if_copied_and_dropped(copied, table, copy.living) if copy.living else ""
                yield Problem(statement.position, "copy-without-count", message, hint, would=would)
                return


def _gathers(copied: Effect) -> bool:
    """Whether a copy makes one row out of several (GROUP BY, DISTINCT, an aggregate)."""
    found = copied.tree.find(exp.Group, exp.Distinct, exp.AggFunc) if copied.tree else None
    return found is not None


def _counted(script: LintedScript, tables: set[str]) -> bool:
    return any(identifier_key(e.table) in tables and e.rows is not Rows.ANY for e in script.action.rows)
