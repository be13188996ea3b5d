"""Commands that speak to a database: ``~/.turso/turso db shell X < file.sql``, ``sqlite3 FILE "SELECT"``.

Rule: a program is known by its own name, whatever path, ``sudo``, ``env`` or host stands before it. Only
forms whose whole meaning is known are read; everything else is OTHER: it may change the database by itself.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import pairwise

from changeover.problems import Position
from changeover.shell.feeders import fed
from changeover.shell.programs import databases_changed
from changeover.shell.script import ShellCommand, Simple, Word, substituted
from changeover.shell.wrappers import dictated, elsewhere, program, unwrapped
from changeover.sql.text import is_complete, reads_only, split


class CommandKind(StrEnum):
    """FILE and SQL can be the engine's; LOOK changes nothing; BACKUP is needless; RESTORE would lose rows."""

    FILE = "file"
    SQL = "sql"
    LOOK = "look"
    BACKUP = "backup"
    RESTORE = "restore"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class DatabaseCommand:
    """``database`` is the name or path as the script writes it; ``value`` a file, SQL, or what is unusual.

    ``host`` is where it would run, if not here; ``formatted`` when its output is not the shell's plain list;
    ``piped`` when another program reads its output.
    """

    database: str
    kind: CommandKind
    value: Word
    host: str = ""
    formatted: bool = False
    piped: bool = False


_TOOLS = (
    ("python", ("-m", "sqlite3")),
    ("python3", ("-m", "sqlite3")),
    ("python", ("-m", "sqlite_utils", "query")),
    ("python3", ("-m", "sqlite_utils", "query")),
    ("sqlite-utils", ("query",)),
    ("wrangler", ("d1", "execute")),
    ("prisma", ("db", "execute")),
    ("litecli", ("-e",)),
    ("litecli", ("--execute",)),
    ("usql", ("-c",)),
    ("usql", ("-f",)),
)
"""Tools that give SQL to a database, each with the words that say so."""
_FORMS = {
    "header",
    "column",
    "csv",
    "json",
    "line",
    "box",
    "table",
    "markdown",
    "html",
    "quote",
    "tabs",
    "ascii",
}
_VALUED = {
    "cmd",
    "init",
    "separator",
    "newline",
    "nullvalue",
    "maxsize",
    "mmap",
    "vfs",
    "proxy",
    "location",
    "instance",
    "attach",
    "lookaside",
    "pagecache",
}
_SETTINGS = {"bail", "mode", "headers", "header", "echo", "timeout", "timer", "changes", "quit", "exit",
             "width", "nullvalue", "print", "separator", "stats", "eqp", "progress", "q"}  # fmt: skip
_LOOKS = {
    "schema",
    "tables",
    "databases",
    "indexes",
    "indices",
    "show",
    "dbinfo",
    "lint",
    "fullschema",
    "help",
}
_BACKUPS = {"dump", "backup", "save", "clone", "recover", "archive"}
_FILE = re.compile(r"(?i)\.(?:db3?|sqlite3?|s3db)$")
_DUMPED = re.compile(r"(?i)(?:^|[/._-])(?:back-?ups?|bak|dump(?:ed)?|snapshot)(?:[._-]|\d|$)")
"""Scripts that are whole databases, by their names."""


def read_database_commands(command: ShellCommand) -> list[DatabaseCommand]:
    """What a command asks of databases, in its order; nothing if it speaks to none."""
    parts = [part for part in dictated(command) if not _only_logs(part)]
    for index, part in enumerate(parts):
        host, sent = elsewhere(part)
        if sent:
            found = [one for inner in sent for one in read_database_commands(inner)]
            return [replace(one, host=host or one.host, piped=one.piped or len(parts) > 1) for one in found]
        inner = fed(part)
        if inner and (found := read_database_commands(ShellCommand(command.text, command.line, [inner]))):
            kind = CommandKind.LOOK if all(map(only_asks, found)) else CommandKind.OTHER
            return [DatabaseCommand(found[0].database, kind, Word(command.text))]
        target = _target(unwrapped(part))
        if target is None:
            if (name := _changed_otherwise(part)) is not None:
                return [DatabaseCommand(name, CommandKind.OTHER, Word(command.text))]
            continue
        database, arguments, formatted = target
        found = list(_asked(database, arguments, part, parts[:index], formatted))
        later = parts[index + 1 :]
        if later and any(_target(unwrapped(other)) for other in later):
            return [DatabaseCommand(database, CommandKind.RESTORE, Word(command.text))]
        found = found or [DatabaseCommand(database, CommandKind.OTHER, Word(command.text))]
        return [replace(one, piped=bool(later)) for one in found]
    return []


def _changed_otherwise(part: Simple) -> str | None:
    """The database that a program changes in a way that is not read: by code, in ``$(...)``, by a tool."""
    for inner in substituted(part):
        changing = [asked for asked in read_database_commands(inner) if not only_asks(asked)]
        if changing:
            return changing[0].database
    words = unwrapped(part)
    texts = databases_changed(part) or _told_otherwise([word.text for word in words[1:]], program(words))
    return next((text for text in texts if _FILE.search(text)), "a database") if texts else None


def _told_otherwise(texts: list[str], name: str) -> list[str]:
    """The words of a tool of a database's own, where it would change something."""
    if not any(name == tool and set(verbs) <= set(texts) for tool, verbs in _TOOLS):
        return []
    statements = [text for text in texts if re.match(r"\s*\w+\s", text)]
    asks = bool(statements) and all(map(reads_only, statements))
    return [] if asks else texts or [name]


def only_asks(asked: DatabaseCommand) -> bool:
    """Whether a command changes nothing of its database: a look, a backup, a query."""
    if asked.kind is not CommandKind.SQL:
        return asked.kind in (CommandKind.LOOK, CommandKind.BACKUP)
    return all(reads_only(statement.text) for statement in split(asked.value.text, Position("", 1)))


def backup_of(asked: DatabaseCommand) -> str:
    """The file that ``.backup FILE`` or ``VACUUM INTO 'FILE'`` makes; empty where it is no such command."""
    words = asked.value.text.rstrip("; \n").split()
    named = asked.kind is CommandKind.BACKUP and len(words) > 1
    return words[-1].strip("'\"") if named else ""


def _only_logs(part: Simple) -> bool:
    return program(unwrapped(part)) == "tee"


def _target(words: list[Word]) -> tuple[str, list[Word], bool] | None:
    """The database that a shell opens, the scripts after it, and whether its output is formatted."""
    texts = [word.text for word in words]
    name = program(words)
    if ("db", "shell") in pairwise(texts) and (name == "turso" or name.startswith("$")):
        rest = words[texts.index("shell") + 1 :]
    elif name in ("sqlite3", "sqlite", "sqlcipher", "duckdb") or re.match(r"(?i)\$\{?\w*sqlite", name):
        rest = words[1:]
    else:
        return None
    before: list[Word] = []
    after: list[Word] = []
    formatted = False
    pending = iter(rest)
    for word in pending:
        option = word.text.lstrip("-") if word.text.startswith("-") else ""
        if option in _VALUED:
            value = next(pending, Word(""))
            if option == "init":
                value = Word(f".read {value.text}", value.names, value.computed)
            before += [value] if option in ("cmd", "init") else []
        elif not word.text.startswith("-") or word.text == "-":
            after.append(word)
        else:
            formatted = formatted or option in _FORMS
    return (after[0].text, [*before, *after[1:]], formatted) if after else None


def _asked(
    database: str, arguments: list[Word], part: Simple, producers: list[Simple], formatted: bool
) -> Iterator[DatabaseCommand]:
    for script in arguments:
        for kind, value in _script(script):
            yield DatabaseCommand(database, kind, value, formatted=formatted)
    has_sql = any(not argument.text.lstrip().startswith(".") for argument in arguments)
    if has_sql:
        return
    for kind, value in _input(part, producers):
        yield DatabaseCommand(database, kind, value, formatted=formatted)


def _input(part: Simple, producers: list[Simple]) -> Iterator[tuple[CommandKind, Word]]:
    """What stands on a program's standard input: a file, a here-document, a here-string, another program."""
    for operator, target in part.redirects:
        if operator in ("<<", "<<-", "<<<"):
            yield from _script(target)
        elif operator == "<":
            yield (CommandKind.OTHER if target.computed else _file_kind(target.text)), target
    if not producers or any(operator.startswith("<") for operator, _ in part.redirects):
        return
    words = unwrapped(producers[-1])
    name, rest = program(words), [word for word in words[1:] if not word.text.startswith("-")]
    if len(producers) == 1 and name == "cat" and (rest or producers[-1].redirects):
        for file in [*rest, *(target for operator, target in producers[-1].redirects if operator == "<")]:
            yield _file_kind(file.text), file
    else:
        files = [word.text for word in [*rest, *(target for _, target in producers[0].redirects)]]
        restores = name in ("gunzip", "zcat", "xzcat", "zstdcat", "gzip") or any(map(_DUMPED.search, files))
        yield (
            (CommandKind.RESTORE if restores else CommandKind.OTHER),
            Word(" ".join(word.text for word in words)),
        )


def _file_kind(name: str) -> CommandKind:
    return (
        CommandKind.RESTORE
        if _DUMPED.search(name.rsplit("/", 1)[-1].removesuffix(".sql"))
        else CommandKind.FILE
    )


def _script(script: Word) -> Iterator[tuple[CommandKind, Word]]:
    """Dot commands and SQL of one text, in its order."""
    sql: list[str] = []
    for line in script.text.split("\n"):
        begun = "\n".join(sql).strip()
        if line.lstrip().startswith(".") and (not begun or is_complete(begun)):
            yield from _sql(sql, script)
            sql = []
            yield from _dot(line.strip(), script)
        else:
            sql.append(line)
    yield from _sql(sql, script)


def _sql(lines: list[str], script: Word) -> Iterator[tuple[CommandKind, Word]]:
    text = "\n".join(lines).strip("\n")
    if not text.strip():
        return
    if re.match(r"(?is)\s*vacuum\s+into\b", text):
        yield CommandKind.BACKUP, Word(text)
    else:
        yield (CommandKind.OTHER if script.computed else CommandKind.SQL), Word(text, script.names)


def _dot(line: str, script: Word) -> Iterator[tuple[CommandKind, Word]]:
    name, _, rest = line[1:].partition(" ")
    value = rest.strip().strip("'\"").strip()
    if name == "read":
        yield (CommandKind.OTHER if value.startswith("|") else _file_kind(value)), Word(value, script.names)
    elif name in _BACKUPS:
        yield CommandKind.BACKUP, Word(line)
    elif name == "restore":
        yield CommandKind.RESTORE, Word(line)
    elif name in _LOOKS:
        yield CommandKind.LOOK, Word(line)
    elif name not in _SETTINGS:
        yield CommandKind.OTHER, Word(line)
