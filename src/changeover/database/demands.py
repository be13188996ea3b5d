"""What must hold, as SQL that finds what breaks it: the invariants of a change that runs on a server.

Rule: a demand selects up to three columns (a, b, c) for everything that breaks it, and nothing when all is
well; its sentence is the one that a file's check says. Each has its counterpart in `rows` or `invariants`.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from changeover.database import invariants, rows
from changeover.database.lease import TABLE, Lease
from changeover.database.names import counted, folded, listed, quoted
from changeover.database.rows import State
from changeover.database.schema import ForeignKey, Schema, Table
from changeover.database.shadow import Object
from changeover.plan import RowExpectation, Rows

Fault = tuple[Any, Any, Any]
COUNTS = "changeover_now_counts"
FAULTS_MAX = 10
_OBJECTS = (
    "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE sql IS NOT NULL"
    " AND lower(name) NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND lower(name) NOT LIKE 'changeover\\_%' ESCAPE '\\'"
    " AND lower(tbl_name) NOT LIKE 'changeover\\_%' ESCAPE '\\'"
    " AND name NOT IN (SELECT name FROM pragma_table_list WHERE type = 'shadow')"
)
_GIVEN = (
    "SELECT value ->> 0 AS type, value ->> 1 AS name, value ->> 2 AS tbl_name, value ->> 3 AS sql"
    " FROM json_each(?)"
)


@dataclass(frozen=True, slots=True)
class Demand:
    """``sql`` selects a, b and c of every fault; ``say`` makes a sentence of them."""

    sql: str
    say: Callable[[Fault], str]
    params: tuple[Any, ...] = ()


def lease_is_ours(lease: Lease) -> Demand:
    """The fence: nobody took the lease away, and its token is the one this was sent under."""
    held = f"SELECT 1 FROM {TABLE} WHERE id = 1 AND token = ? AND run_id = ?"
    return Demand(
        f"SELECT 1 AS a, 2 AS b, 3 AS c WHERE NOT EXISTS ({held})",
        lambda _: "the lease is not ours any more",
        (lease.token, lease.holder.run_id),
    )


def foreign_keys_are(enforced: bool) -> Demand:
    """The server does as it was told about foreign keys; otherwise a DROP TABLE would delete children."""
    return Demand(
        "SELECT foreign_keys AS a, NULL AS b, NULL AS c FROM pragma_foreign_keys WHERE foreign_keys IS NOT ?",
        lambda _: f"foreign keys are {'not ' if enforced else ''}enforced",
        (int(enforced),),
    )


def schema_is(objects: Iterable[Object]) -> Demand:
    """Exactly these definitions are there, changeover's own left out."""
    given = json.dumps([list(one) for one in objects])
    sql = f"""SELECT type AS a, name AS b, iif(count(*) = 2, 'is another one', min(side)) AS c FROM (
      SELECT type, name, 'is not expected' AS side FROM ({_OBJECTS} EXCEPT {_GIVEN})
      UNION ALL SELECT type, name, 'is missing' FROM ({_GIVEN} EXCEPT {_OBJECTS}))
      GROUP BY 1, 2 LIMIT {FAULTS_MAX}"""
    return Demand(sql, lambda fault: f"{fault[0]} {fault[1]} {fault[2]}", (given, given))


def expected_count(want: RowExpectation) -> Demand | None:
    """The demand on how many rows there are, from the counts before and after; None where none is made."""
    name = folded(want.table)
    select = f"SELECT before AS a, after AS b, NULL AS c FROM {COUNTS} WHERE name = ?"
    match want.rows:
        case Rows.KEPT | Rows.UNCHANGED:
            return Demand(f"{select} AND after IS NOT before", lambda f: _broken(want, f), (name,))
        case Rows.ADDED:
            sql = f"{select} AND after - before IS NOT ?"
            return Demand(sql, lambda f: _broken(want, f), (name, want.count))
        case Rows.AS_MANY_AS:
            other = folded(want.other or "")
            sql = (
                f"SELECT before AS a, after AS b, o.n AS c FROM {COUNTS} CROSS JOIN"
                f" (SELECT coalesce(max(after), 0) AS n FROM {COUNTS} WHERE name = ?) o"
                " WHERE name = ? AND after IS NOT o.n"
            )
            return Demand(sql, lambda f: _broken(want, f, {other: f[2]}), (other, name))
    return None


def left_alone(table: Table) -> Demand:
    """A table out of scope has as many rows as before."""
    found = expected_count(RowExpectation(table.name, Rows.UNCHANGED))
    assert found is not None
    return Demand(found.sql, lambda fault: f"{found.say(fault)} (out of scope)", found.params)


def orphans(found: Schema, tables: Sequence[str] | None, skippable: Iterable[ForeignKey]) -> list[Demand]:
    """Rows whose parent is not there, under the keys of ``tables`` and those to them (None: under all).

    Keys that are ``skippable`` (few distinct values in an index) are looked at value by value.
    """
    if tables is None:
        return [_orphans_of(None, None)]
    written, quick = {folded(table) for table in tables}, list(skippable)
    return [
        _orphans_by_value(table, key) if key in quick else _orphans_of(table.name, key.parent)
        for name, table in found.tables.items()
        for key in table.foreign_keys
        if (name in written or folded(key.parent) in written) and found.table(key.parent) is not None
    ]


def duplicates(table: Table) -> list[Demand]:
    """Values that stand twice under a unique key, counted from rows and not believed from the index."""
    demands = []
    for index in table.indexes:
        columns = [column for column in index.columns if column is not None]
        if not index.unique or index.partial or len(columns) != len(index.columns):
            continue
        present = " AND ".join(f"{quoted(c)} IS NOT NULL" for c in columns)
        shown = " || ', ' || ".join(quoted(c) for c in columns)
        sql = (
            f"SELECT {shown} AS a, count(*) AS b, NULL AS c FROM {quoted(table.name)} WHERE {present}"
            f" GROUP BY {listed(columns)} HAVING count(*) > 1 LIMIT {FAULTS_MAX}"
        )
        label = f"{table.name}: {{}} have ({', '.join(columns)}) = ({{}})"
        demands.append(Demand(sql, partial(_duplicate, label)))
    return demands


def integrity(table: Table | None) -> Demand:
    """No damage and no broken rule: in a table and its indexes, or (None) in the pages of all tables."""
    check, given = ("integrity_check(?)", (table.name,)) if table else ("quick_check", ())
    column = check.partition("(")[0]
    return Demand(
        f"SELECT {column} AS a, NULL AS b, NULL AS c FROM pragma_{check} WHERE {column} <> 'ok'"
        f" LIMIT {FAULTS_MAX}",
        lambda fault: str(fault[0]),
        given,
    )


def distinct_values(table: Table, key: ForeignKey) -> str:
    """SQL: how many distinct values a key has, up to the limit of skipping through its index."""
    return f"{_values(table, key)} SELECT count(v) FROM seen"


def leads_an_index(table: Table, key: ForeignKey) -> bool:
    """Whether the values of a key can be skipped through."""
    return len(key.columns) == 1 and any(
        index.columns[:1] == key.columns[:1] and not index.partial for index in table.indexes
    )


def _broken(want: RowExpectation, fault: Fault, counts: Mapping[str, int] | None = None) -> str:
    was, now = int(fault[0] or 0), int(fault[1] or 0)
    return rows.broken(want, State(was), State(now), counts or {}) or f"{want.table}: {was:,} became {now:,}"


def _duplicate(label: str, fault: Fault) -> str:
    return label.format(counted(fault[1], "row"), fault[0])


def _orphans_of(child: str | None, parent: str | None) -> Demand:
    which = "" if parent is None else ' WHERE "parent" = ? COLLATE NOCASE'
    source = "pragma_foreign_key_check" + ("" if child is None else "(?)")
    return Demand(
        f'SELECT "table" AS a, "parent" AS b, count(*) AS c FROM {source}{which} GROUP BY 1, 2',
        lambda fault: invariants.orphan(*fault),
        tuple(value for value in (child, parent) if value is not None),
    )


def _values(table: Table, key: ForeignKey) -> str:
    name, source = quoted(key.columns[0]), quoted(table.name)
    return (
        f"WITH RECURSIVE seen(v) AS (SELECT min({name}) FROM {source} UNION ALL"
        f" SELECT (SELECT min({name}) FROM {source} WHERE {name} > v) FROM seen WHERE v IS NOT NULL"
        f" LIMIT {invariants.SKIP_LIMIT + 1})"
    )


def _orphans_by_value(table: Table, key: ForeignKey) -> Demand:
    column, parent = quoted(key.columns[0]), quoted(key.parent)
    gone = f"v IS NOT NULL AND NOT EXISTS (SELECT 1 FROM {parent} WHERE {quoted(key.parent_columns[0])} = v)"
    sql = (
        f"{_values(table, key)} SELECT ? AS a, ? AS b, n AS c FROM (SELECT count(*) AS n FROM"
        f" {quoted(table.name)} WHERE {column} IN (SELECT v FROM seen WHERE {gone})) WHERE n > 0"
    )
    return Demand(sql, lambda fault: invariants.orphan(*fault), (table.name, key.parent))
