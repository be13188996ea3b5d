"""Compares two schemas by meaning, and puts every difference into words.

Rule: spelling makes no difference (quotes, letter case, order of clauses, rules of a column or of the table,
names of constraints). The order of columns does, unless the caller says otherwise, because ``INSERT ...
VALUES`` depends on it. Objects of the engine and bookkeeping of tools are left out. `fingerprint` compares
spelling.
"""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from functools import lru_cache

from changeover.database.connect import Connection
from changeover.database.schema import definition, empty
from changeover.database.schema.catalogue import objects
from changeover.database.schema.definition import words_of
from changeover.errors import Unsuitable
from changeover.sql.identifiers import identifier_key, is_beside, is_own

Meanings = Mapping[tuple[str, str], tuple[str, ...]]
"""(type, name in lower case) -> columns and rules of a table, or the words of anything else."""


def meanings(connection: Connection) -> Meanings:
    """The meaning of every object of the application."""
    return {
        (kind, identifier_key(name)): _parts(kind, sql)
        for kind, name, table, sql in objects(connection)
        if not any(is_own(one) or is_beside(one) for one in (name, table))
    }


def of_script(sql: str) -> Meanings:
    """The meanings after a script of CREATE statements in an empty database.

    Raises Unsuitable if it fails.
    """
    with closing(empty.blank()) as scratch:
        try:
            scratch.executescript(sql)
        except sqlite3.Error as error:
            raise Unsuitable(
                f"The script of the expected schema does not run: {error}.",
                hint="It must hold the CREATE statements of the whole schema, and nothing else.",
            ) from error
        return meanings(scratch)


def difference(expected: Meanings, found: Meanings, *, ordered: bool = True) -> tuple[str, ...]:
    """One sentence for each difference; with ``ordered`` False the order of columns makes none."""
    sentences = [f"{kind} {name} is missing" for kind, name in sorted(expected.keys() - found.keys())]
    sentences += [f"{kind} {name} is not expected" for kind, name in sorted(found.keys() - expected.keys())]
    for kind, name in sorted(expected.keys() & found.keys()):
        sentences += _changes(f"{kind} {name}", expected[kind, name], found[kind, name], ordered)
    return tuple(sentences)


def _changes(label: str, expected: tuple[str, ...], found: tuple[str, ...], ordered: bool) -> list[str]:
    if expected == found:
        return []
    extra = [part for part in found if part not in expected]
    sentences = []
    for part in (part for part in expected if part not in found):
        other = next((one for one in extra if one.split(" ")[0] == part.split(" ")[0]), None)
        if other is None:
            sentences.append(f"{label}: `{part}` is missing")
        else:
            extra.remove(other)
            sentences.append(f"{label}: expected `{part}`, found `{other}`")
    sentences += [f"{label}: `{part}` is not expected" for part in extra]
    if sentences or not ordered:
        return sentences
    return [f"{label}: the columns stand in another order"]


@lru_cache(maxsize=2000)
def _parts(kind: str, sql: str) -> tuple[str, ...]:
    if kind == "table":
        found = definition.parse(sql)
        if found.columns:
            return found.parts()
    return (" ".join(words_of(sql)),)
