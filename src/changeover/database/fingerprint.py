"""A schema by definition: normalised text, a fingerprint, and the difference of two in words.

Rule: blind to white space, comments, quotes, letter case of names, and to the order in which things were
created; not blind to the order of columns, because ``INSERT ... VALUES`` depends on it. The engine's own
tables (``changeover_...``), SQLite's (``sqlite_...``) and the bookkeeping of tools (`names.BESIDE_PREFIXES`)
are left out: a replicator that is switched on changes no schema.
"""

import hashlib
import sqlite3
from collections.abc import Mapping
from contextlib import closing

from changeover import sqltext
from changeover.database.connect import Connection
from changeover.database.names import folded, is_beside, is_own
from changeover.database.schema import objects
from changeover.errors import Unsuitable

_CONSTRAINTS = ("primary", "unique", "check", "foreign", "constraint")

Definitions = Mapping[tuple[str, str], tuple[str, ...]]
"""(type, folded name) -> the parts of its definition.

A table has its head, its columns, its constraints, its tail.
"""


def tokens(sql: str) -> list[str]:
    """The words of a statement: names unquoted and folded, literals as written, no space and no comment."""
    return [_normal(token) for token in sqltext.tokens(sql) if token.kind != "semicolon"]


def definitions(connection: Connection) -> Definitions:
    """Every object of the application with its normalised definition."""
    return {
        (kind, folded(name)): _parts(kind, sql)
        for kind, name, table, sql in objects(connection)
        if not any(is_own(one) or is_beside(one) for one in (name, table))
    }


def definitions_of_script(sql: str) -> Definitions:
    """What a script of CREATE statements makes in an empty database. Raises Unsuitable where it fails."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as scratch:
        try:
            scratch.executescript(sql)
        except sqlite3.Error as error:
            raise Unsuitable(
                f"The script of the expected schema does not run: {error}.",
                hint="It must hold the CREATE statements of the whole schema, and nothing else.",
            ) from error
        return definitions(scratch)


def fingerprint(connection: Connection) -> str:
    """64 hexadecimal digits that are equal exactly when the definitions are."""
    return fingerprint_of(definitions(connection))


def fingerprint_of(found: Definitions) -> str:
    """The fingerprint of definitions already read."""
    digest = hashlib.sha256()
    for (kind, name), parts in sorted(found.items()):
        digest.update(repr((kind, name, parts)).encode())
    return digest.hexdigest()


def difference(expected: Definitions, found: Definitions) -> tuple[str, ...]:
    """One sentence for everything that differs; empty when the definitions are equal."""
    sentences = [f"{kind} {name} is missing" for kind, name in sorted(expected.keys() - found.keys())]
    sentences += [f"{kind} {name} is not expected" for kind, name in sorted(found.keys() - expected.keys())]
    for kind, name in sorted(expected.keys() & found.keys()):
        if expected[kind, name] != found[kind, name]:
            sentences += _changes(f"{kind} {name}", expected[kind, name], found[kind, name])
    return tuple(sentences)


def _changes(label: str, expected: tuple[str, ...], found: tuple[str, ...]) -> list[str]:
    sentences = []
    named = {part.split(" ")[0]: part for part in found}
    for part in expected:
        if part in found:
            continue
        other = named.get(part.split(" ")[0])
        if other is None or other in expected:
            sentences.append(f"{label}: `{part}` is missing")
        else:
            sentences.append(f"{label}: expected `{part}`, found `{other}`")
    first = {part.split(" ")[0] for part in expected}
    sentences += [
        f"{label}: `{part}` is not expected"
        for part in found
        if part not in expected and (part.split(" ")[0] not in first or named[part.split(" ")[0]] != part)
    ]
    return sentences or [f"{label}: the columns stand in another order"]


def _parts(kind: str, sql: str) -> tuple[str, ...]:
    words = tokens(sql)
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


def _normal(token: sqltext.Token) -> str:
    match token.kind:
        case "string":
            return token.text
        case "name":
            return folded(sqltext.unquoted(token.text))
    return folded(token.text)
