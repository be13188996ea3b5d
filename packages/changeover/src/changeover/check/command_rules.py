"""Shell commands of a plan that change its database without the engine: they copy its file or run SQL.

Rule: such a command is a problem, because no transaction, rehearsal or ledger covers it, and a file that is
copied back loses every row written since. ``# allow database-file: <why>`` inside the script permits it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from changeover.check.consequence import LivingSchema
from changeover.check.scripts_beside import git_states, scripts_run
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
from changeover.shell.volumes import volume_taken

_ALLOWED = re.compile(r"#[ \t]*allow database-file:[ \t]*\S")


@dataclass(frozen=True, slots=True)
class DatabaseNames:
    """The names that scripts use for a plan's database, and the folder in which the commands run."""

    names: Sequence[str]
    folder: Path

    def also(self, names: Iterable[str]) -> "DatabaseNames":
        """The same with more names."""
        return replace(self, names=[*self.names, *names])


_USES = "let the engine do it: a ```sql block for what changes, `changeover rollback` for what goes back"


def command_rules(plan: Plan, schema: Mapping[str, str] | None) -> Iterator[Problem]:
    """A problem for every command of a plan that writes its database, or its file, without the engine."""
    known = DatabaseNames(_databases(plan, schema), plan.path.resolve().parent)
    for action in plan.actions():
        if not isinstance(action, ShellAction) or _ALLOWED.search(action.script):
            continue
        until = action.until.command if action.until else None
        for script in (action.script, action.undo or "", until or ""):
            for command, found in _problems(script, known):
                yield _problem(plan, action, command, found)
            for command in commands_of(script):
                yield from _elsewhere(plan, action, command, known)


def _databases(plan: Plan, schema: Mapping[str, str] | None) -> list[str]:
    """The names of the database in scripts: its path, its parameters as ``$NAME``, and their defaults."""
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


def _problems(script: str, known: DatabaseNames) -> Iterator[tuple[ShellCommand, str]]:
    """Each command of a script that is at fault, and the end of a sentence that says what it does."""
    for command in commands_of(script):
        known = known.also(_other_names(command, known.names))
        for name in dict.fromkeys(_written(command, known)):
            yield command, f"writes the database's file {name} by itself"
        if volume_taken(command):
            yield command, "takes away where a database may lie, or puts an old state of that back"
        if not all(only_asks(asked) for asked in read_database_commands(command)):
            yield command, "changes a database outside the engine"


def _problem(plan: Plan, action: ShellAction, command: ShellCommand, found: str) -> Problem:
    message = f"{action.id} {found}: {_short(command)}"
    return Problem(_position(plan, action, command), "database-file", message, _USES)


def _elsewhere(
    plan: Plan,
    action: ShellAction,
    command: ShellCommand,
    known: DatabaseNames,
    seen: frozenset[Path] = frozenset(),
) -> Iterator[Problem]:
    """The problems of the scripts beside the plan that a command runs, and of the scripts that those run."""
    for path in scripts_run(command, known.folder):
        text = path.read_text("utf-8", "replace")
        if path in seen or _ALLOWED.search(text):
            continue
        for inner, found in _problems(text, known):
            where = f"{action.id}, by {path.name}:{inner.line}, {found}"
            position = _position(plan, action, command)
            yield Problem(position, "database-file", f"{where}: {_short(inner)}", _USES)
        for inner in commands_of(text):
            for problem in _elsewhere(plan, action, inner, known, seen | {path}):
                yield replace(problem, position=_position(plan, action, command))


def _other_names(command: ShellCommand, known: Sequence[str]) -> Iterator[str]:
    """The variables that a command sets to a database's file: ``$DB`` after ``DB=app.db``."""
    for part in command.parts:
        exported = [word.text for word in part.words[1:]] if _exports(part) else []
        for name, sign, value in (text.partition("=") for text in (*part.assignments, *exported)):
            if sign and is_database_file(value.strip("'\""), known):
                yield from (f"${name}", f"${{{name}}}")


def _exports(part: Simple) -> bool:
    return bool(part.words) and part.words[0].text in ("export", "declare", "local", "readonly", "typeset")


def _position(plan: Plan, action: ShellAction, command: ShellCommand) -> Position:
    """The line of a command in the plan; that of its block if the script is an attribute or in a file."""
    line, lines = action.position.line + command.line, plan.text.split("\n")
    first = command.text.split("\n", maxsplit=1)[0]
    found = action.script and len(lines) >= line and first in lines[line - 1]
    return Position(action.position.file, line) if found else action.position


def _written(command: ShellCommand, known: DatabaseNames) -> Iterator[str]:
    """The database files that a command writes, replaces or removes, git and ``.backup`` included."""
    for use in file_uses(command):
        states = git_states(known.folder, known.names) if use.states else None
        if states is not None and not states & use.states:
            continue  # `git clean` and `git stash` leave a file in another state (tracked, ignored) alone.
        yield from databases_written(use, known.names)
        taken = [*use.removed, *(use.reverted if states else ())]
        yield from (
            name for name in taken if is_database_file(name, known.names) or holds_database(name, known.names)
        )
    for asked in read_database_commands(command):
        yield from filter(lambda name: names_database(name, known.names), [backup_of(asked)])


def _short(command: ShellCommand) -> str:
    line = command.text.split("\n", maxsplit=1)[0]
    return line if len(line) <= 80 else f"{line[:77]}..."
