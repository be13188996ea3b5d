"""Reads the script of a table rebuild: the new definition, and the value of each column from the old row.

Rule: text in, data out. A blocking rebuild runs the same script as it stands. A script that does anything
besides a row by row copy is refused, with the place of the statement.
"""

from collections.abc import Sequence, Set
from dataclasses import dataclass
from itertools import pairwise

from changeover.errors import Unsuitable
from changeover.sql import text as sqltext
from changeover.sql.identifiers import identifier_key
from changeover.sql.text import SqlStatement, SqlToken, unquoted

SHAPE = (
    "The script of an online rebuild is: CREATE TABLE t_new (...); INSERT INTO t_new (...) SELECT ... FROM t;"
    " DROP TABLE t; ALTER TABLE t_new RENAME TO t; then CREATE INDEX and CREATE TRIGGER on t."
)

REFUSED_BY_SERVERS = {
    "PRAGMA legacy_alter_table = ON": "a swap would change what views, triggers and foreign keys of other"
    " tables say of the table",
    "PRAGMA writable_schema = ON": "no index would have its name after the swap, and the table no foreign"
    " key",
    "CREATE TEMP TABLE changeover_walk (place)": "the check of every row could not note how far it has come",
}
"""What an online rebuild needs and sqld refuses -> what would go wrong without it."""
_REFUSALS = "; ".join(f"`{sql}` (without it {wrong})" for sql, wrong in REFUSED_BY_SERVERS.items())
NOT_ON_SERVERS = f"A libSQL server's table cannot be made anew online, because it refuses {_REFUSALS}"
ON_SERVERS_INSTEAD = (
    "Use `strategy=blocking` while the table is small, ALTER TABLE, smaller steps; or move the database to a"
    " file, change it there, and move it back."
)
_ANOTHER = (
    "a script makes one table anew, because each is swapped in by a transaction of its own; write a block of"
    " its own for {name}, with its own way back: they are carried out one after the other"
)


@dataclass(frozen=True, slots=True)
class TableRebuild:
    """``table`` is rebuilt by way of ``copy``; each of ``columns`` gets the value of its expression.

    The expressions name columns of the old table only. ``following`` are the statements after the rename.
    """

    table: str
    copy: str
    create: SqlStatement
    columns: tuple[str, ...]
    expressions: tuple[str, ...]
    parameters: tuple[str, ...]
    following: tuple[SqlStatement, ...]


def read(statements: Sequence[SqlStatement]) -> TableRebuild:
    """The rebuild that a script describes. Raises Unsuitable, with the place, if it is no rebuild."""
    if len(statements) < 4:
        raise _refusal(statements[0], "it is no rebuild of a table")
    create, insert, drop, rename, *following = statements
    copy = _created(create)
    target, columns, items, source, alias = _copied(insert)
    if identifier_key(target) != identifier_key(copy):
        raise _refusal(insert, f"it fills {target}, not {copy}")
    dropped = _words(drop)
    if [one.word for one in dropped[:2]] != ["DROP", "TABLE"] or len(dropped) != 3:
        raise _refusal(drop, "the third statement does not drop the old table")
    if _name(dropped[2]) != identifier_key(source):
        raise _refusal(drop, f"it drops {dropped[2].text}, and rows were copied from {source}")
    renamed = _words(rename)
    if (
        [one.word for one in (*renamed[:2], *renamed[3:5])] != ["ALTER", "TABLE", "RENAME", "TO"]
        or len(renamed) != 6
        or (_name(renamed[2]), _name(renamed[5])) != (identifier_key(copy), identifier_key(source))
    ):
        raise _refusal(rename, f"the fourth statement does not rename {copy} to {source}")
    for one in following:
        _require_following(one, source)
    items = tuple(_unqualified(item, {identifier_key(source), identifier_key(alias)}) for item in items)
    return TableRebuild(source, copy, create, columns, items, insert.parameters, tuple(following))


def is_rebuild(statements: Sequence[SqlStatement]) -> bool:
    """Whether a script is a rebuild of one table, and nothing else."""
    try:
        read(statements)
    except Unsuitable:
        return False
    return True


def with_names(sql: str, name: str, table: str = "") -> str:
    """A CREATE TABLE or CREATE INDEX statement under the name ``name``, and an index on ``table``."""
    pieces = list(sqltext.tokens(sql))
    at = next(place for place, one in enumerate(pieces) if one.word in ("TABLE", "INDEX")) + 1
    if [one.word for one in pieces[at : at + 3]] == ["IF", "NOT", "EXISTS"]:
        at += 3
    if pieces[at + 1].text == ".":
        at += 2
    changes = [(pieces[at], name)]
    if table:
        on = next(place for place in range(at + 1, len(pieces)) if pieces[place].word == "ON")
        changes.append((pieces[on + 1], table))
    # From behind, so that the offsets of those before stay true.
    for token, new in reversed(changes):
        sql = f'{sql[: token.at]}"{new.replace(chr(34), chr(34) * 2)}"{sql[token.at + len(token.text) :]}'
    return sql


def without_references(sql: str) -> str:
    """A CREATE TABLE statement without its foreign keys; the rest is unchanged, word for word."""
    pieces = [one for one in sqltext.tokens(sql) if one.kind != "semicolon"]
    cuts = [_cut(item, last) for item, last in _items_of_table(pieces)]
    for start, end in reversed([cut for found in cuts for cut in found]):
        sql = f"{sql[:start]}{sql[end:]}"
    return sql


def with_not_null(sql: str, columns: Set[str]) -> str:
    """A CREATE TABLE statement with NOT NULL on the given columns (lower case)."""
    pieces = [one for one in sqltext.tokens(sql) if one.kind != "semicolon"]
    ends = [_end(item[-1]) for item, _ in _items_of_table(pieces) if item and _name(item[0]) in columns]
    for end in reversed(ends):
        sql = f"{sql[:end]} NOT NULL{sql[end:]}"
    return sql


def _items_of_table(pieces: Sequence[SqlToken]) -> list[tuple[list[SqlToken], SqlToken | None]]:
    """The items between the parentheses of CREATE TABLE, each with the comma before it."""
    found: list[tuple[list[SqlToken], SqlToken | None]] = []
    depth, item = 0, list[SqlToken]()
    comma: SqlToken | None = None
    for one in pieces:
        depth -= one.text == ")"
        if depth == 0 and one.text == ")":
            found.append((item, comma))
            break
        if depth == 1 and one.text == ",":
            found.append((item, comma))
            item, comma = [], one
        elif depth:
            item.append(one)
        depth += one.text == "("
    return found


def _cut(item: Sequence[SqlToken], comma: SqlToken | None) -> list[tuple[int, int]]:
    words = [one.word for one in item]
    start = 2 if words[:1] == ["CONSTRAINT"] else 0
    if words[start : start + 1] == ["FOREIGN"]:
        return [((comma or item[0]).at, _end(item[-1]))]
    found = []
    depth = 0
    for place, one in enumerate(item):
        depth += (one.text == "(") - (one.text == ")")
        if depth == 0 and one.word == "REFERENCES" and place > 0:
            named = words[place - 2 : place - 1] == ["CONSTRAINT"]
            found.append((item[place - 2 if named else place].at, _end(item[_last(words, place) - 1])))
    return found


def _last(words: Sequence[str], place: int) -> int:
    """The index behind a REFERENCES clause that begins at ``place``."""
    at = place + 2
    if words[at : at + 1] == ["("]:
        at = words.index(")", at) + 1
    while at < len(words):
        if words[at] == "ON":
            at += 4 if words[at + 2] in ("SET", "NO") else 3
        elif words[at] == "MATCH":
            at += 2
        elif words[at] == "DEFERRABLE" or words[at : at + 2] == ["NOT", "DEFERRABLE"]:
            at += 2 if words[at] == "NOT" else 1
            at += 2 if words[at : at + 1] == ["INITIALLY"] else 0
        else:
            break
    return at


def _end(token: SqlToken) -> int:
    return token.at + len(token.text)


def _created(statement: SqlStatement) -> str:
    words = _words(statement)
    if [one.word for one in words[:2]] != ["CREATE", "TABLE"] or [one.text for one in words[3:4]] != ["("]:
        raise _refusal(statement, "the first statement does not create the new table by its columns")
    return unquoted(words[2].text)


def _copied(statement: SqlStatement) -> tuple[str, tuple[str, ...], tuple[str, ...], str, str]:
    """(target, its columns, expressions, source, alias of the source) of an INSERT ... SELECT."""
    words = _words(statement)
    if [one.word for one in words[:2]] != ["INSERT", "INTO"] or len(words) < 4 or words[3].text != "(":
        raise _refusal(statement, "the second statement is not INSERT INTO t_new (columns) SELECT ...")
    close = next((place for place, one in enumerate(words) if one.text == ")"), len(words))
    columns = tuple(unquoted(one.text) for one in words[4:close] if one.text != ",")
    rest = words[close + 1 :]
    if not rest or rest[0].word != "SELECT":
        raise _refusal(statement, "the rows do not come from a SELECT of its own")
    if any(one.word in ("SELECT", "DISTINCT") for one in rest[1:]):
        raise _refusal(
            statement,
            "a row of the new table must follow from one row of the old one: no subquery, no DISTINCT",
        )
    depth, start = 0, rest[1].at if len(rest) > 1 else 0
    items: list[str] = []
    for place, one in enumerate(rest[1:], 1):
        depth += (one.text == "(") - (one.text == ")")
        if depth == 0 and (one.text == "," or one.word == "FROM"):
            items.append(_unnamed(statement.text[start : one.at].strip()))
            start = _end(one)
        if depth == 0 and one.word == "FROM":
            tail = rest[place + 1 :]
            break
    else:
        raise _refusal(statement, "the SELECT reads no table")
    if any(item.endswith("*") for item in items) or len(items) != len(columns):
        raise _refusal(statement, f"it names {len(columns)} columns and gives {len(items)} values")
    alias = [one for one in tail[1:] if one.word != "AS"]
    if not tail or len(alias) > 1 or (alias and alias[0].kind != "name") or _is_clause(alias):
        raise _refusal(
            statement, "the rows come from more than the whole of one table: no JOIN, WHERE, ORDER BY"
        )
    source = unquoted(tail[0].text)
    return unquoted(words[2].text), columns, tuple(items), source, unquoted(alias[0].text) if alias else ""


def _is_clause(alias: Sequence[SqlToken]) -> bool:
    return bool(alias) and alias[0].word in ("WHERE", "ORDER", "GROUP", "LIMIT", "JOIN")


def _unnamed(item: str) -> str:
    """An expression without its alias (``AS name``)."""
    pieces = list(sqltext.tokens(item))
    if len(pieces) > 2 and pieces[-2].word == "AS" and pieces[-1].kind == "name":
        return item[: pieces[-2].at].strip()
    return item


def _unqualified(item: str, tables: set[str]) -> str:
    """An expression without the table's name before its columns."""
    pieces = list(sqltext.tokens(item))
    for one, dot in reversed(list(pairwise(pieces))):
        if one.kind == "name" and dot.text == "." and _name(one) in tables:
            item = item[: one.at] + item[_end(dot) :].lstrip()
    return item


def _require_following(statement: SqlStatement, table: str) -> None:
    words = [one for one in _words(statement) if one.word != "UNIQUE"]
    verbs = [one.word for one in words[:2]]
    if verbs == ["CREATE", "TABLE"]:
        raise _refusal(statement, _ANOTHER.format(name=unquoted(words[2].text)))
    if verbs not in (["CREATE", "INDEX"], ["CREATE", "TRIGGER"]):
        raise _refusal(statement, "after the rename only CREATE INDEX and CREATE TRIGGER can be done online")
    on = [words[place + 1] for place, one in enumerate(words[:-1]) if one.word == "ON"]
    if not on or _name(on[0]) != identifier_key(table):
        raise _refusal(statement, f"it is not on {table}")


def _words(statement: SqlStatement) -> list[SqlToken]:
    """The tokens without ``main.``, ``IF EXISTS`` and the like, which change nothing here."""
    pieces = [one for one in sqltext.tokens(statement.text) if one.kind != "semicolon"]
    kept: list[SqlToken] = []
    place = 0
    while place < len(pieces):
        following = [one.word for one in pieces[place : place + 3]]
        if following[:2] == ["MAIN", "."]:
            place += 2
        elif following == ["IF", "NOT", "EXISTS"]:
            place += 3
        elif following[:2] == ["IF", "EXISTS"]:
            place += 2
        else:
            kept.append(pieces[place])
            place += 1
    return kept


def _name(token: SqlToken) -> str:
    return identifier_key(unquoted(token.text))


def _refusal(statement: SqlStatement, reason: str) -> Unsuitable:
    return Unsuitable(f"{statement.position}: this cannot be done online: {reason}.", hint=SHAPE)
