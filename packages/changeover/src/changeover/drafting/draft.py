"""A plan from two schemas, and what it leaves to a person."""

import os
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from changeover.database.change import script as scripts
from changeover.database.connect import opened
from changeover.database.schema import catalogue as schemas
from changeover.database.schema.catalogue import Schema
from changeover.database.schema.weaker import weaker
from changeover.database.where import database_of
from changeover.drafting.change import Renames, change, read
from changeover.drafting.write import plan_text
from changeover.errors import BadParameter, Unsuitable
from changeover.plan.model import SqlStatement
from changeover.plan.text import normalise
from changeover.problems import Position
from changeover.sql.identifiers import identifier_key

_SQLITE = b"SQLite format 3\0"


@dataclass(frozen=True, slots=True)
class Drafted:
    """``plan`` is its text; ``questions`` stand in it as DECIDE lines."""

    plan: str
    questions: tuple[str, ...]
    statements: tuple[str, ...]


def schema_in(name: str) -> Schema:
    """The schema of a database, a server's too, or of a script of CREATE statements, whichever it is."""
    if "://" in name:
        with opened(database_of(name, os.environ)) as connection:
            return schemas.read(connection)
    path = Path(name)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise Unsuitable(
            f"{path} cannot be read: {error.strerror}.",
            hint="Name a database, or a script of CREATE statements.",
        ) from error
    if content.startswith(_SQLITE):
        with opened(path) as connection:
            return schemas.read(connection)
    try:
        return read(normalise(content.decode("utf-8")))
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise Unsuitable(
            f"{path} does not run: {error}.", hint="It must hold the CREATE statements of the whole schema."
        ) from error


def database_line(name: str, folder: Path) -> str:
    """What a plan in ``folder`` says of its database: a path from there, an address, or a parameter."""
    if "://" in name:
        return name
    if Path(name).read_bytes()[: len(_SQLITE)] != _SQLITE:
        return "${DATABASE_URL}"
    return Path(os.path.relpath(name, folder)).as_posix()


def beside(name: str, folder: Path) -> str | None:
    """The script with the wanted schema as a plan in ``folder`` names it; None where it is something else."""
    path = Path(name)
    if "://" in name or not path.resolve().is_relative_to(folder) or path.read_bytes().startswith(_SQLITE):
        return None
    return path.resolve().relative_to(folder).as_posix()


def read_renames(texts: Sequence[str], old: Schema, new: Schema) -> Renames:
    """``--rename old=new`` for a table, ``--rename table.old=new`` for a column. Raises BadParameter."""
    tables: dict[str, str] = {}
    columns: dict[tuple[str, str], str] = {}
    for text in texts:
        before, equals, after = (part.strip() for part in text.partition("="))
        table, dot, column = before.rpartition(".") if before not in old.tables else ("", "", before)
        found = old.table(table if dot else column)
        if not equals or not after or found is None or (dot and found.column(column) is None):
            raise BadParameter(
                f"--rename {text}: the schema has no {before or 'such name'}",
                hint="Write --rename OLD=NEW for a table, --rename TABLE.OLD=NEW for a column.",
            )
        if dot:
            columns[identifier_key(table), identifier_key(column)] = identifier_key(after)
        elif new.table(after) is None:
            raise BadParameter(
                f"--rename {text}: the wanted schema has no table {after}", hint="Compare the names."
            )
        else:
            tables[identifier_key(column)] = identifier_key(after)
    return Renames(tables, columns)


def draft(
    old: Schema, new: Schema, renames: Renames, *, title: str, database: str, after: str | None
) -> Drafted:
    """The plan from ``old`` to ``new`` and back."""
    there = change(old, new, renames)
    if not there.statements:
        raise Unsuitable("The two schemas mean the same.", hint="There is nothing to change.")
    back = change(new, old, renames.reversed(), back=True)
    place = Position(title, 1)
    script = scripts.read(SqlStatement(text, place) for text in there.statements)
    accepted = [] if after else [one.name for one in weaker(old, new, script)]
    text = plan_text(title, database, there, back, after=after, accepted=accepted)
    return Drafted(text, tuple(there.questions), tuple(there.statements))
