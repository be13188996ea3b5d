"""Normalises the text of a schema, and makes a fingerprint of it.

Rule: white space, comments, quotes, letter case of names and the order of creation make no difference. The
order of columns does, because ``INSERT ... VALUES`` depends on it. Tables of the engine (``changeover_...``),
of SQLite (``sqlite_...``) and of tools (`identifiers.BESIDE_PREFIXES`) are left out: switching a replicator
on is no change of the schema. `meaning` compares what two schemas mean.
"""

import hashlib
from collections.abc import Mapping
from functools import lru_cache

from changeover.database.connect import Connection
from changeover.database.schema.catalogue import objects
from changeover.database.schema.definition import words_of
from changeover.sql.identifiers import identifier_key, is_beside, is_own

_CONSTRAINTS = ("primary", "unique", "check", "foreign", "constraint")

Definitions = Mapping[tuple[str, str], tuple[str, ...]]
"""(type, name in lower case) -> the parts of its definition: for a table head, columns, constraints, tail."""


def definitions(connection: Connection) -> Definitions:
    """Every object of the application with its normalised definition."""
    return {
        (kind, identifier_key(name)): _parts(kind, sql)
        for kind, name, table, sql in objects(connection)
        if not any(is_own(one) or is_beside(one) for one in (name, table))
    }


def fingerprint(connection: Connection) -> str:
    """64 hexadecimal digits that are equal exactly if the normalised definitions are."""
    return fingerprint_of(definitions(connection))


def fingerprint_of(found: Definitions) -> str:
    """The fingerprint of `definitions`."""
    digest = hashlib.sha256()
    for (kind, name), parts in sorted(found.items()):
        digest.update(repr((kind, name, parts)).encode())
    return digest.hexdigest()


@lru_cache(maxsize=2000)
def _parts(kind: str, sql: str) -> tuple[str, ...]:
    words = list(words_of(sql))
    if kind != "table" or "(" not in words or words[1] == "virtual":
        return (" ".join(words),)
    start = words.index("(")
    items, depth, item, end = [], 0, list[str](), start
    for place in range(start, len(words)):
        word = words[place]
        depth += (word == "(") - (word == ")")
        end = place
        if depth == 0:
            break
        if word == "," and depth == 1:
            items.append(item)
            item = []
        elif place > start:
            item.append(word)
    items.append(item)
    columns = [" ".join(i) for i in items if i and i[0] not in _CONSTRAINTS]
    constraints = sorted(" ".join(i) for i in items if i and i[0] in _CONSTRAINTS)
    tail = " ".join(sorted(words[end + 1 :]))
    return (*columns, *constraints, *([tail] if tail else []))
