"""Commands of a plan that would change its database behind the engine's back: a copied file, a shell's SQL.

Rule: such a change is in no transaction, no rehearsal and no ledger, and a copied file takes every row that
was written since with it. Where it is meant: ``# allow database-file: why`` inside the script.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from changeover.check.consequence import LivingSchema
from changeover.plan.model import Plan, ShellAction
from changeover.plan.variables import NAME
from changeover.problems import Position, Problem
from changeover.shell.database_commands import backup_of, only_asks, read_database_commands
from changeover.shell.file_commands import (
    databases_written,
    file_uses,
    holds_database,
    is_database_file,
    names_database,
)
from changeover.shell.script import ShellCommand, Simple, commands_of

_ALLOWED = re.compile(r"#[ \t]*allow database-file:[ \t]*\S")
_USES = "let the engine do it: a ```sql block for what changes, `changeover rollback` for what goes back"


def command_rules(plan: Plan, schema: Mapping[str, str] | None) -> Iterator[Problem]:
    """Every command of a plan that writes its database, or its database's file, by itself."""
    known = _databases(plan, schema)
    for action in plan.actions():
        if not isinstance(action, ShellAction):
            continue
        until = action.until.command if action.until else None
        for script in (action.script, action.undo or "", until or ""):
            if not _ALLOWED.search(action.script):
                yield from _script(plan, action, script, known)


def _databases(plan: Plan, schema: Mapping[str, str] | None) -> list[str]:
    """What the database is called in scripts: its path, and the parameters that hold it."""
    names = NAME.findall(plan.database)
    parameters = [parameter for parameter in plan.parameters if parameter.name in names]
    variables = [form for name in names for form in (f"${name}", f"${{{name}}}")]
    defaults = [parameter.default or "" for parameter in parameters]
    living = schema.database if isinstance(schema, LivingSchema) else None
    own = [NAME.sub("", plan.database)] if "://" not in plan.database else []
    return [
        name
        for name in (*own, *variables, *defaults, str(living) if isinstance(living, Path) else "")
        if name
    ]


def _script(plan: Plan, action: ShellAction, script: str, known: list[str]) -> Iterator[Problem]:
    known = list(known)
    for command in commands_of(script):
        known += _other_names(command, known)
        position = _position(plan, action, command)
        for name in dict.fromkeys(_written(command, known)):
            message = f"{action.id} writes the database's file {name} by itself: {_short(command)}"
            yield Problem(position, "database-file", message, _USES)
        if not all(only_asks(asked) for asked in read_database_commands(command)):
            message = f"{action.id} changes a database outside the engine: {_short(command)}"
            yield Problem(position, "database-file", message, _USES)


def _other_names(command: ShellCommand, known: list[str]) -> Iterator[str]:
    """``$DB`` after ``DB=app.db`` or ``export DB=app.db``, where that is a database's file."""
    for part in command.parts:
        exported = [word.text for word in part.words[1:]] if _exports(part) else []
        for name, sign, value in (text.partition("=") for text in (*part.assignments, *exported)):
            if sign and is_database_file(value.strip("'\""), known):
                yield from (f"${name}", f"${{{name}}}")


def _exports(part: Simple) -> bool:
    return bool(part.words) and part.words[0].text in ("export", "declare", "local", "readonly", "typeset")


def _position(plan: Plan, action: ShellAction, command: ShellCommand) -> Position:
    """The line of a command in its block; the block's where the script is an attribute or in a file."""
    line, lines = action.position.line + command.line, plan.text.split("\n")
    first = command.text.split("\n", maxsplit=1)[0]
    found = action.script and len(lines) >= line and first in lines[line - 1]
    return Position(action.position.file, line) if found else action.position


def _written(command: ShellCommand, known: list[str]) -> Iterator[str]:
    for use in file_uses(command):
        yield from databases_written(use, known)
        yield from (
            name for name in use.removed if is_database_file(name, known) or holds_database(name, known)
        )
    for asked in read_database_commands(command):
        yield from filter(lambda name: names_database(name, known), [backup_of(asked)])


def _short(command: ShellCommand) -> str:
    line = command.text.split("\n", maxsplit=1)[0]
    return line if len(line) <= 80 else f"{line[:77]}..."
