"""What `liveone db shell` understands: scripts as one transaction, dot commands, and how rows look.

The same on a file and on a server; a name follows sqlite3's shell wherever it has one.
"""

import csv
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from changeover.sql.text import is_complete
from liveone.cli.context import print_json
from liveone.errors import BadInput, LiveOneError
from liveone.store.database import Database, Row, Statement, StoreError, Value, WriteResult
from liveone.store.dump import dump
from liveone.store.script import split

MODES = ("list", "table", "csv", "line", "json")
COMMENT = r"/\*(?:[^*]|\*(?!/))*+\*/"
READS = re.compile(rf"(?:\s|\(|--[^\n]*\n|{COMMENT})*+(select|with|explain|pragma|values)\b", re.IGNORECASE)
SKIPPED = re.compile(rf"\A(?:\s|;|--[^\n]*(?:\n|\Z)|{COMMENT})*+")
WRITES = re.compile(r"\b(insert|update|delete|replace\s+into|returning)\b", re.IGNORECASE)
BEGIN = re.compile(r"begin(\s+(deferred|immediate|exclusive))?(\s+transaction)?\s*;?$", re.IGNORECASE)
COMMIT = re.compile(r"(commit|end)(\s+transaction)?\s*;?$", re.IGNORECASE)
CONTROL = re.compile(r"(begin|commit|end|rollback|savepoint|release)\b", re.IGNORECASE)
KEYS_OFF = re.compile(r"pragma\s+foreign_keys\s*=\s*off\s*;?$", re.IGNORECASE)
TABLES = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
SCHEMA = (
    "SELECT sql || ';' FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'"
    " AND (?1 IS NULL OR tbl_name = ?1) ORDER BY tbl_name, type DESC, name"
)
HELP = """\
SQL ended by a semicolon runs at once, as a transaction of its own. Besides:
.tables            the tables
.schema [TABLE]    the SQL that makes them
.dump [TABLE]      everything as SQL, which this shell and sqlite3 read
.mode [MODE]       how rows look: list, table, csv, line or json
.read FILE         run a script: one transaction, nothing left behind by an error
.quit"""


@dataclass(frozen=True, slots=True)
class StatementResult:
    """What one statement gave; ``columns`` is empty where the names are not known."""

    columns: Sequence[str]
    rows: Sequence[Row]
    changes: int = 0


def run_script(database: Database, text: str) -> list[StatementResult]:
    """All statements of ``text`` as one transaction; where all of them only read, one snapshot."""
    statements = [Statement(sql) for sql in _without_frame(list(split(text)))]
    if not statements:
        return []
    if all(_only_reads(statement.sql) for statement in statements):
        found = database.read(statements)
        return [
            StatementResult(database.columns(each), rows)
            for each, rows in zip(statements, found, strict=True)
        ]
    return [StatementResult((), each.rows, each.changes) for each in _written(database, statements)]


def _written(database: Database, statements: Sequence[Statement]) -> list[WriteResult]:
    """Write, and on an error say which statement it was."""
    try:
        return database.write(statements)
    except StoreError as error:
        if error.step is not None and len(statements) > 1:
            sql = " ".join(_bare(statements[error.step].sql).split())
            which = f"statement {error.step + 1} of {len(statements)}: {sql[:80]}"
            error.hint = f"It was {which}\n  Nothing of the script was kept."
        raise


def show(answer: StatementResult, mode: str) -> None:
    """Rows in one of MODES; ``list`` is `a|b|c`, the form that `sqlite3` prints."""
    _SHOW[mode](answer)
    if not answer.rows and answer.changes:
        click.echo(f"{answer.changes} rows changed", err=True)


@dataclass(slots=True)
class SqlShell:
    """A conversation with one database."""

    database: Database
    mode: str = "list"

    def command(self, line: str) -> None:
        """Carry out a dot command. Raises BadInput for one that is not known, and StoreErrors."""
        name, _, rest = line.strip().rstrip(";").partition(" ")
        rest = rest.strip().strip("'\"")
        if name == ".tables":
            self.answer(TABLES)
        elif name == ".schema":
            show(StatementResult((), self.database.read([Statement(SCHEMA, (rest or None,))])[0]), "list")
        elif name == ".dump":
            for text in dump(self.database, rest or None):
                click.echo(text)
        elif name == ".mode":
            self._set_mode(rest)
        elif name == ".read":
            self.answer(_script(Path(rest)))
        else:
            raise BadInput(f"{name} is not known here\n{HELP}")

    def answer(self, text: str) -> None:
        """Run SQL and show what it gives."""
        for answer in run_script(self.database, text):
            show(answer, self.mode)

    def _set_mode(self, mode: str) -> None:
        if mode and mode not in MODES:
            raise BadInput(f"there is no mode {mode!r}", hint=f"Known: {', '.join(MODES)}.")
        self.mode = mode or self.mode
        click.echo(f"mode {self.mode}", err=True)


def converse(session: SqlShell) -> None:
    """Read lines and answer until the end of input; an error ends the statement, not the session."""
    click.echo(f"{session.database.label} - SQL ended by a semicolon, .help, .quit")
    pending = ""
    while True:
        try:
            line = input("   ...> " if pending else "liveone> ")
        except EOFError:
            return
        except KeyboardInterrupt:
            pending = ""
            click.echo()
            continue
        if not pending and line.strip() in (".quit", ".exit"):
            return
        if not pending and line.startswith("."):
            _attempt(session.command, line)
            continue
        pending += f"{line}\n"
        if is_complete(pending) or not pending.strip():
            _attempt(session.answer, pending)
            pending = ""


def _attempt(act: Callable[[str], None], text: str) -> None:
    try:
        if text.strip() == ".help":
            click.echo(HELP)
        else:
            act(text)
    except LiveOneError as error:
        click.echo(str(error), err=True)


def _without_frame(statements: list[str]) -> list[str]:
    """A script without its own BEGIN and COMMIT around it, and without a dump's PRAGMA before them.

    Raises BadInput for any other transaction control: a script is one transaction.
    """
    kept = [sql for sql in statements if not KEYS_OFF.match(_bare(sql))]
    if len(kept) < len(statements):
        click.echo("passed over: PRAGMA foreign_keys=OFF (they stay on)", err=True)
    if len(kept) > 1 and BEGIN.match(_bare(kept[0])) and COMMIT.match(_bare(kept[-1])):
        kept = kept[1:-1]
    for sql in kept:
        if CONTROL.match(_bare(sql)):
            raise BadInput(
                f"{_bare(sql)[:40]!r} has no place here: a script is one transaction",
                hint="Leave it out, or split the script into several.",
            )
    return kept


def _bare(sql: str) -> str:
    """A statement without the comments before it."""
    return SKIPPED.sub("", sql, count=1)


def _only_reads(sql: str) -> bool:
    return bool(READS.match(sql)) and not WRITES.search(sql)


def _script(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise BadInput(f"{path} is not UTF-8 text") from error


def _text(value: Value) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return "" if value is None else str(value)


def _list(answer: StatementResult) -> None:
    for row in answer.rows:
        click.echo("|".join(_text(value) for value in row))


def _csv(answer: StatementResult) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerows([answer.columns] if answer.columns else [])
    writer.writerows([_text(value) for value in row] for row in answer.rows)


def _line(answer: StatementResult) -> None:
    for row in answer.rows:
        names = answer.columns or [str(place) for place in range(1, len(row) + 1)]
        width = max(map(len, names))
        for name, value in zip(names, row, strict=True):
            click.echo(f"{name:>{width}} = {_text(value)}")
        click.echo()


def _table(answer: StatementResult) -> None:
    rows = [[_text(value) for value in row] for row in answer.rows]
    heads = [list(answer.columns)] if answer.columns else []
    widths = [max(map(len, column)) for column in zip(*heads, *rows, strict=True)]
    for row in [*heads, *([["-" * width for width in widths]] if heads else [])]:
        click.echo("  ".join(map(str.ljust, row, widths)).rstrip())
    for row, given in zip(rows, answer.rows, strict=True):
        click.echo("  ".join(_cell(*each) for each in zip(row, given, widths, strict=True)).rstrip())


def _cell(text: str, given: Value, width: int) -> str:
    return text.rjust(width) if isinstance(given, int | float) else text.ljust(width)


def _json(answer: StatementResult) -> None:
    rows = [[value.hex() if isinstance(value, bytes) else value for value in row] for row in answer.rows]
    print_json({"columns": answer.columns, "rows": rows, "changes": answer.changes})


_SHOW: dict[str, Callable[[StatementResult], None]] = {
    "list": _list,
    "table": _table,
    "csv": _csv,
    "line": _line,
    "json": _json,
}
