"""The rules that hold of any database: no orphan, no duplicate under a unique key, no damage.

Rule: there are two depths. THOROUGH checks everything (a rehearsal, where nobody waits). SWIFT holds writers
for milliseconds at any size: it checks keys by skipping through an index, and whole pages only of small
tables that were written. What SWIFT leaves out, the guard prevents (`guard`) and the rehearsal has checked.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import partial

from changeover.database.change.rule import FAULTS_MAX, Fault, FaultRule
from changeover.database.schema.catalogue import ForeignKey, Index, Schema, Table
from changeover.sql.identifiers import identifier_key, quoted
from changeover.words import counted

SKIP_LIMIT = 10_000
"""Up to so many distinct key values, skipping through an index is faster than walking the table."""
Key = tuple[Table, ForeignKey]


def thorough(found: Schema, scope: Iterable[str]) -> list[FaultRule]:
    """All rules for all tables; unique keys and indexes only of tables that were written (``scope``)."""
    written = [table for table in map(found.table, scope) if table is not None]
    return [
        *orphans(found, None, ()),
        *(rule for table in written for rule in duplicates(table)),
        integrity(None),
        *map(integrity, written),
    ]


def swift(
    found: Schema, scope: Iterable[str], small: Collection[str], skippable: Sequence[ForeignKey]
) -> list[FaultRule]:
    """The foreign keys of and to written tables, and the other rules for ``small`` tables (lower case)."""
    written = [table for table in map(found.table, scope) if table is not None]
    few = [table for table in written if identifier_key(table.name) in small]
    return [
        *orphans(found, [table.name for table in written], skippable),
        *(rule for table in few for rule in duplicates(table)),
        *map(integrity, few),
    ]


def leading(found: Schema) -> list[Key]:
    """The foreign keys whose values can be skipped through, because an index begins with them.

    Only if the values are few (`distinct_values`) is that worth it.
    """
    return [
        (table, key)
        for table in found.tables.values()
        for key in table.foreign_keys
        if len(key.columns) == 1
        and _names_a_key(found, key)
        and any(i.columns[:1] == key.columns[:1] and not i.partial for i in table.indexes)
    ]


def distinct_values(table: Table, key: ForeignKey) -> str:
    """SQL: the number of distinct values of a key, up to `SKIP_LIMIT`, by skipping through its index."""
    return f"{_values(table, key)} SELECT count(v) FROM seen"


def orphans(
    found: Schema, tables: Sequence[str] | None, skippable: Sequence[ForeignKey]
) -> Iterator[FaultRule]:
    """The rules that every row has its parent.

    For keys of ``tables`` and keys to them (None: for all). A key that refers to no key of its parent is left
    out: SQLite itself refuses to enforce it.
    """
    written = None if tables is None else {identifier_key(table) for table in tables}
    for name, table in found.tables.items():
        numbered = [
            (number, key)
            for number, key in enumerate(table.foreign_keys)
            if _names_a_key(found, key)
            and (written is None or name in written or identifier_key(key.parent) in written)
        ]
        quick = [key for _, key in numbered if key in skippable]
        yield from (_by_value(table, key) for key in quick)
        rest = [(number, key) for number, key in numbered if key not in quick]
        sound = all(_names_a_key(found, key) for key in table.foreign_keys)
        # SQLite's check stops at the first key that it cannot ask, and names a row by its rowid, which
        # is NULL in a WITHOUT ROWID table (https://sqlite.org/pragma.html#pragma_foreign_key_check).
        if rest and sound and table.rowid:
            yield _by_check(table, rest)
        else:
            yield from (_by_row(table, key) for _, key in rest)


def duplicates(table: Table) -> Iterator[FaultRule]:
    """The rules that no value stands twice under a unique key, counted from rows and not from the index."""
    for index in table.indexes:
        if index.unique and index.is_plain:
            yield _duplicates_under(table, index)


def integrity(table: Table | None) -> FaultRule:
    """The rule that a table with its indexes, or (None) the pages of all tables, have no damage.

    The quick check of SQLite 3.40 wrongly reports NULL in keys of WITHOUT ROWID tables whose columns are in
    another order than in the key, so those reports are left out.
    """
    check, given = ("integrity_check(?)", (table.name,)) if table else ("quick_check", ())
    column = check.partition("(")[0]
    sql = f"SELECT {column} AS a, NULL AS b, NULL AS c FROM pragma_{check} WHERE {column} <> 'ok'"
    sql += "" if table else f" AND {column} NOT LIKE 'NULL value in %'"
    return FaultRule(sql, lambda fault: str(fault[0]), given)


def _duplicates_under(table: Table, index: Index) -> FaultRule:
    keys = [f"{quoted(name)} COLLATE {quoted(order)}" for name, order in index.collated().items()]
    columns = [name for name in index.columns if name is not None]
    present = " AND ".join(f"{quoted(name)} IS NOT NULL" for name in columns)
    shown = " || ', ' || ".join(map(quoted, columns))
    label = f"{table.name}: {{}} have ({', '.join(columns)}) = ({{}})"
    sql = (
        f"SELECT ? || {_hex('', columns)} AS a, {shown} AS b, count(*) AS c FROM {quoted(table.name)}"
        f" WHERE {present} GROUP BY {', '.join(keys)} HAVING count(*) > 1 LIMIT {FAULTS_MAX * 1000}"
    )
    return FaultRule(sql, partial(_duplicate, label), (f"{identifier_key(table.name)}.{index.name}=",))


def _duplicate(label: str, fault: Fault) -> str:
    return label.format(counted(fault[2], "row"), fault[1])


def _by_check(table: Table, keys: Sequence[tuple[int, ForeignKey]]) -> FaultRule:
    """The rule for several keys of a table by SQLite's own check, which walks it once.

    CROSS JOIN keeps the check in the outer loop.
    """
    names = " ".join(
        f"WHEN {n} THEN {_text(_named(table, key))} || {_hex('t', key.columns)}" for n, key in keys
    )
    shown = " ".join(f"WHEN {n} THEN {_shown('t', key.columns)}" for n, key in keys)
    says = {str(n): _sentence(table, key) for n, key in keys}
    sql = (
        f"SELECT CASE f.fkid {names} END AS a, f.fkid || ':' || CASE f.fkid {shown} END AS b, count(*) AS c"
        f" FROM pragma_foreign_key_check(?) AS f CROSS JOIN {quoted(table.name)} AS t"
        f" ON t.{table.rowid} = f.rowid"
        f" WHERE f.fkid IN ({', '.join(str(n) for n, _ in keys)}) GROUP BY 1"
    )

    def say(fault: Fault) -> str:
        number, _, value = str(fault[1]).partition(":")
        return says[number].format(counted(fault[2], "row"), value)

    return FaultRule(sql, say, (table.name,))


def _by_value(table: Table, key: ForeignKey) -> FaultRule:
    """The rule for one key by its distinct values: one seek for each."""
    column = quoted(key.columns[0])
    sql = (
        f"{_values(table, key)} SELECT {_text(_named(table, key))} || hex(v) AS a, quote(v) AS b,"
        f" (SELECT count(*) FROM {quoted(table.name)} WHERE {column} = v) AS c FROM seen"
        f" WHERE v IS NOT NULL AND NOT EXISTS (SELECT 1 FROM {quoted(key.parent)}"
        f" WHERE {quoted(key.parent_columns[0])} = v)"
    )
    return FaultRule(sql, partial(_orphan, _sentence(table, key)))


def _by_row(table: Table, key: ForeignKey) -> FaultRule:
    """The rule for one key row by row, where SQLite's check refuses or says too little."""
    present = " AND ".join(f"t.{quoted(c)} IS NOT NULL" for c in key.columns)
    pairs = zip(key.parent_columns, key.columns, strict=True)
    same = " AND ".join(f"p.{quoted(one)} = t.{quoted(other)}" for one, other in pairs)
    sql = (
        f"SELECT {_identity(table, key)} AS a,"
        f" {_shown('t', key.columns)} AS b, count(*) AS c FROM {quoted(table.name)} AS t WHERE {present}"
        f" AND NOT EXISTS (SELECT 1 FROM {quoted(key.parent)} AS p WHERE {same}) GROUP BY 1"
    )
    return FaultRule(sql, partial(_orphan, _sentence(table, key)))


def _orphan(sentence: str, fault: Fault) -> str:
    return sentence.format(counted(fault[2], "row"), fault[1])


def _sentence(table: Table, key: ForeignKey) -> str:
    columns = ", ".join(key.columns).replace("{", "{{").replace("}", "}}")
    return f"{table.name}: {{}} would refer to rows of {key.parent} that are not there ({columns} {{}})"


def _identity(table: Table, key: ForeignKey) -> str:
    """SQL: the name of an orphan, from a row ``t`` of its table."""
    return f"{_text(_named(table, key))} || {_hex('t', key.columns)}"


def _named(table: Table, key: ForeignKey) -> str:
    return f"{identifier_key(table.name)}.{identifier_key(','.join(key.columns))}="


def _names_a_key(found: Schema, key: ForeignKey) -> bool:
    """Whether the parent exists and the referenced columns are a key of it.

    SQLite refuses to check otherwise.
    """
    parent = found.table(key.parent)
    if parent is None or len(key.parent_columns) != len(key.columns):
        return False
    wanted = {identifier_key(column) for column in key.parent_columns}
    return any(set(columns) == wanted for _, columns in parent.unique_keys())


def _values(table: Table, key: ForeignKey) -> str:
    name, source = quoted(key.columns[0]), quoted(table.name)
    return (
        # min() of an indexed column is one seek (https://sqlite.org/optoverview.html),
        # so ten values cost ten seeks, however many rows have them.
        f"WITH RECURSIVE seen(v) AS (SELECT min({name}) FROM {source} UNION ALL"
        f" SELECT (SELECT min({name}) FROM {source} WHERE {name} > v) FROM seen WHERE v IS NOT NULL"
        f" LIMIT {SKIP_LIMIT + 1})"
    )


def _hex(alias: str, columns: Iterable[str]) -> str:
    """SQL: values as hexadecimal text, whatever bytes they hold."""
    prefix = f"{alias}." if alias else ""
    return " || ',' || ".join(f"hex({prefix}{quoted(column)})" for column in columns)


def _shown(alias: str, columns: Iterable[str]) -> str:
    return " || ', ' || ".join(f"quote({alias}.{quoted(column)})" for column in columns)


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
