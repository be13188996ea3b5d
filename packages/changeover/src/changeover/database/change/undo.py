"""Sets rows aside before a rollback drops the table or column that holds them.

Rule: a rollback never drops values that an application wrote. Unless the script itself reads them elsewhere,
they are first copied into a table `changeover_kept_...`, which stays until a person drops it. Its name holds
a hash of the statement and of what is copied, so that two plans never share one.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from changeover.database.change import script
from changeover.database.change.script import named
from changeover.database.schema import definition
from changeover.database.schema.catalogue import Schema, Table
from changeover.database.schema.definition import words_of
from changeover.errors import Unsuitable
from changeover.plan.model import SqlStatement
from changeover.sql.identifiers import OWN_PREFIX, identifier_key, listed, quoted

KINDS = ("table", "index", "view", "trigger")
STAND_INS = ("''", "0")
"""What a script writes where NULL is refused, for a value that is to come from elsewhere."""
KEPT_ROWID = "changeover_rowid"


@dataclass(frozen=True, slots=True)
class _Thing:
    """A table (``column`` empty) or one of its columns, in lower case."""

    table: str
    column: str = ""


def derive_undo(statements: Iterable[SqlStatement]) -> tuple[SqlStatement, ...]:
    """The reverse of CREATE TABLE, INDEX, VIEW and TRIGGER and of ADD COLUMN, last first.

    Raises Unsuitable for any other statement: its reverse must be written.
    """
    return tuple(_reverse(statement) for statement in reversed(tuple(statements)))


def setting_aside(
    back: Sequence[SqlStatement], now: Schema, forward: Sequence[SqlStatement] = ()
) -> tuple[SqlStatement, ...]:
    """The script of a rollback, with statements that set aside what it drops and does not read.

    ``now`` is the schema at the beginning of the rollback, ``forward`` the script of the change. A value that
    the change gives to all rows is not set aside, as it would give it again. It does not matter whether the
    change made the column by ADD COLUMN or by a rebuild. If the rollback rebuilds the table without a column,
    that is set aside if the change filled it with one value in all rows, or not at all; any other column must
    be carried by the script. A column that the rollback computes is set aside where it holds something else.
    """
    words = [words_of(statement.text) for statement in back]
    given, unfilled = _constants(forward), _unfilled(forward)
    found: list[SqlStatement] = []
    for statement, thing, computed in _left_out(back, now):
        table = now.table(thing.table)
        alike = given.get(thing, STAND_INS[0]) not in STAND_INS or thing in unfilled
        if table and (alike or computed) and not any(_speaks_of(one, thing) for one in words):
            known = {**given, thing: computed} if computed else given
            texts = _kept(statement, thing, table, known)
            found += [SqlStatement(text, statement.position) for text in texts]
    for place, statement in enumerate(back):
        dropped = _dropped(words[place])
        table = now.table(dropped.table) if dropped else None
        others = words[:place] + words[place + 1 :]
        if dropped and table and not any(_speaks_of(one, dropped) for one in others):
            texts = _kept(statement, dropped, table, given)
            found += [SqlStatement(text, statement.position) for text in texts]
        found.append(statement)
    return tuple(found)


def _left_out(back: Sequence[SqlStatement], now: Schema) -> Iterator[tuple[SqlStatement, _Thing, str]]:
    """(statement, column, expression) of columns that a rebuild in the rollback leaves out or computes.

    The statement is the one that makes the table; the expression is empty for a column that is left out.
    """
    rebuilt = script.read(back).rebuilt
    for statement in back:
        made = script.created(script.words_in_main(statement.text))
        table = now.table(rebuilt.get(made, ""))
        if table is None:
            continue
        columns = {column.name: column for column in definition.parse(statement.text).columns}
        for column in map(identifier_key, table.stored) if columns else ():
            computed = columns[column].expression if column in columns else ""
            if computed or column not in columns:
                yield statement, _Thing(identifier_key(table.name), column), computed


def _constants(forward: Sequence[SqlStatement]) -> Mapping[_Thing, str]:
    """Column -> the one literal that a script gives it in all rows."""
    rebuilt = script.read(forward).rebuilt
    found: dict[_Thing, set[str]] = {}
    for table, values in script.given(forward):
        for one in values or ():
            literal = one.to_all and one.is_constant and len(one.item) == 1 and one.item[0][:1] != ":"
            thing = _Thing(rebuilt.get(table, table), one.column)
            found.setdefault(thing, set()).add(one.item[0] if literal else "")
    alone = ((thing, next(iter(texts))) for thing, texts in found.items() if len(texts) == 1)
    return {thing: text for thing, text in alone if text}


def _unfilled(forward: Sequence[SqlStatement]) -> frozenset[_Thing]:
    """The columns that a script makes without a value: rows have the default there, or NULL."""
    rebuilt = script.read(forward).rebuilt
    made: set[_Thing] = set()
    filled: set[_Thing] = set()
    unclear: set[str] = set()
    for statement, (target, values) in zip(forward, script.given(forward), strict=True):
        table, added = rebuilt.get(target, target), _made(words_of(statement.text))
        if added and added.column:
            made.add(added)
        elif added:
            made |= {_Thing(table, column.name) for column in definition.parse(statement.text).columns}
        filled |= {_Thing(table, one.column) for one in values or ()}
        if values is None or any(one.item[-1:] == ("*",) for one in values):
            unclear.add(table)
    return frozenset(thing for thing in made - filled if thing.table not in unclear)


def _speaks_of(words: tuple[str, ...], thing: _Thing) -> bool:
    """Whether a statement names the table, and the column if it is one."""
    return thing.table in words and (not thing.column or thing.column in words)


def _reverse(statement: SqlStatement) -> SqlStatement:
    words = words_of(statement.text)
    made = _made(words)
    if made and made.column:
        text = f"ALTER TABLE {quoted(made.table)} DROP COLUMN {quoted(made.column)}"
        return SqlStatement(text, statement.position)
    kind = _created_kind(words)
    if kind:
        return SqlStatement(f"DROP {kind.upper()} {quoted(named(words, kind))}", statement.position)
    raise Unsuitable(
        f"{statement.position}: the reverse of this statement cannot be derived.",
        hint="Write the rollback in the plan's Rollback section; only CREATE and ADD COLUMN are reversed"
        " by themselves.",
    )


def _made(words: tuple[str, ...]) -> _Thing | None:
    """The table or column that a statement adds, or None."""
    if words[:2] == ("alter", "table") and words[3:4] == ("add",):
        return _Thing(words[2], words[5] if words[4] == "column" else words[4])
    return _Thing(named(words, "table")) if _created_kind(words) == "table" else None


def _dropped(words: tuple[str, ...]) -> _Thing | None:
    """The table or column that a statement drops, or None."""
    if words[:2] == ("alter", "table") and words[3:4] == ("drop",):
        return _Thing(words[2], words[5] if words[4] == "column" else words[4])
    return _Thing(named(words, "table")) if words[:2] == ("drop", "table") else None


def _created_kind(words: tuple[str, ...]) -> str:
    if words[:1] != ("create",) or {"temp", "temporary"} & set(words[1:3]):
        return ""
    return next((word for word in words[1:4] if word in KINDS), "")


def _kept(statement: SqlStatement, thing: _Thing, table: Table, given: Mapping[_Thing, str]) -> list[str]:
    """Statements that copy the values; the table is made by the first rollback and filled by every one."""
    if thing.column:
        column = table.column(thing.column)
        if column is None or column.generated:
            return []
        key = table.key or tuple(c.name for c in table.columns if c.key)
        # A key that takes NULL may name several rows, so it does not do alone.
        rowid = "" if table.key or not table.rowid else f"{table.rowid} AS {KEPT_ROWID}"
        rest = [c.name for c in table.columns if c is not column]
        named = ", ".join(filter(None, [rowid, listed(key)])) or listed(rest)
        default = f"({column.default})" if column.default is not None else "NULL"
        default = given.get(_Thing(identifier_key(table.name), identifier_key(column.name)), default)
        value = quoted(column.name)
        rows = f"SELECT {named}, {value} FROM {quoted(table.name)} WHERE {value} IS NOT {default}"
    elif table.kind == "table":
        rows = f"SELECT {listed([c.name for c in table.columns])} FROM {quoted(table.name)}"
    else:
        return []
    mark = sha256(" ".join((*words_of(statement.text), rows)).encode()).hexdigest()[:8]
    what = identifier_key(f"{table.name}_{thing.column}" if thing.column else table.name)
    name = quoted(f"{OWN_PREFIX}kept_{what}_{mark}")
    return [
        f"CREATE TABLE IF NOT EXISTS {name} AS SELECT * FROM ({rows}) WHERE 0",
        f"INSERT INTO {name} {rows}",
    ]
