"""`liveone db shell`: SQL against whatever database is configured."""

import re
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from liveone.cli.context import Shell, json_option, pass_shell, print_json
from liveone.errors import BadInput, LiveOneError
from liveone.main import open_database
from liveone.store.database import Database, Result, Statement

READS = re.compile(r"[\s(]*(select|with|explain|pragma|values)\b", re.IGNORECASE)
WRITES = re.compile(r"\b(insert|update|delete|replace\s+into|returning)\b", re.IGNORECASE)
TABLES = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
SCHEMA = "SELECT sql || ';' FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY tbl_name, type DESC, name"
HELP = ".tables, .schema, .quit, or SQL ended by a semicolon"


@click.group("db")
def db_command() -> None:
    """SQL against the configured database."""


@db_command.command("shell")
@click.argument("sql", required=False)
@click.option(
    "-f", "--file", "script", type=click.Path(path_type=Path), help="Run a script: one transaction."
)
@json_option
@pass_shell
def shell_command(shell: Shell, sql: str | None, script: Path | None, as_json: bool) -> None:
    """Run SQL, a script (-f FILE or standard input), or an interactive session.

    A script is one transaction: it stops at the first error and leaves nothing behind.
    """
    database = open_database(shell.config)
    try:
        if sql is None and script is None and sys.stdin.isatty():
            _converse(database)
            return
        text = sql if sql is not None else _read(script)
        for result in run_script(database, text):
            show(result, as_json=as_json)
    finally:
        database.close()


def run_script(database: Database, text: str) -> list[Result]:
    """All statements of ``text`` as one transaction; a lone query reads a snapshot instead."""
    statements = [Statement(sql) for sql in split(text)]
    if statements and all(_only_reads(statement.sql) for statement in statements):
        return [Result(rows, 0) for rows in database.read(statements)]
    return database.write(statements) if statements else []


def split(text: str) -> Iterator[str]:
    """The statements of a script; triggers stay whole. Raises BadInput for an unfinished statement."""
    pending = ""
    for piece in text.replace(";", ";\0").split("\0"):
        pending += piece
        if sqlite3.complete_statement(pending):
            yield pending.strip()
            pending = ""
    rest = pending.strip()
    if rest and sqlite3.complete_statement(rest + "\n;"):
        yield rest
    elif rest:
        raise BadInput(f"unfinished statement: {rest[:60]!r}", hint="End it with a semicolon.")


def show(result: Result, *, as_json: bool) -> None:
    """Rows as `a|b|c` (the form that `sqlite3` prints), or as a JSON array."""
    if as_json:
        print_json({"rows": result.rows, "changes": result.changes})
        return
    for row in result.rows:
        click.echo("|".join("" if value is None else str(value) for value in row))
    if not result.rows and result.changes:
        click.echo(f"{result.changes} rows changed", err=True)


def _only_reads(sql: str) -> bool:
    return bool(READS.match(sql)) and not WRITES.search(sql)


def _read(script: Path | None) -> str:
    try:
        return script.read_text(encoding="utf-8") if script else sys.stdin.read()
    except OSError as error:
        raise BadInput(f"{script} cannot be read: {error.strerror}") from error


def _converse(database: Database) -> None:
    click.echo(f"{database.label} - {HELP}")
    pending = ""
    while True:
        try:
            line = input("   ...> " if pending else "liveone> ")
        except EOFError:
            return
        if not pending and line.strip() in (".quit", ".exit"):
            return
        pending = (
            f"{pending}{line}\n"
            if not line.startswith(".")
            else {".tables": TABLES, ".schema": SCHEMA}.get(line.strip(), f"SELECT '{HELP}'") + ";"
        )
        if sqlite3.complete_statement(pending):
            _answer(database, pending)
            pending = ""


def _answer(database: Database, text: str) -> None:
    try:
        for result in run_script(database, text):
            show(result, as_json=False)
    except LiveOneError as error:
        click.echo(str(error), err=True)
