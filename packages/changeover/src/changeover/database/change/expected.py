"""Counts the rows of tables before and after a change, and makes rules of what the plan expects of them.

Rule: the counts are in one table of the engine for the length of the change. A server fills it by SQL. A file
fills it with numbers that may have been counted before writers waited (`row_count_cache`).
"""

from collections.abc import Iterable, Iterator, Mapping

from changeover.database.change.rule import Fault, FaultRule
from changeover.database.schema.catalogue import Schema
from changeover.plan.model import RowExpectation, Rows
from changeover.sql.identifiers import identifier_key, quoted
from changeover.words import counted
from hrana.wire import WireStatement

COUNTS = "changeover_now_counts"


def making(*, temporary: bool) -> WireStatement:
    """CREATE TABLE for the counts, by name in lower case; a server has no TEMP tables."""
    kind = "TEMP TABLE" if temporary else "TABLE"
    return WireStatement(f"CREATE {kind} {COUNTS} (name TEXT PRIMARY KEY, before INTEGER, after INTEGER)")


def known(before: Mapping[str, int], after: Mapping[str, int]) -> Iterator[WireStatement]:
    """Store counts that are known; a table that did not exist before, or is gone, has none."""
    for name in before.keys() | after.keys():
        sql = f"INSERT INTO {COUNTS} (name, before, after) VALUES (?, ?, ?)"
        yield WireStatement(sql, (name, before.get(name, 0), after.get(name, 0)))


def counting_before(tables: Iterable[str]) -> Iterator[WireStatement]:
    """Count tables that exist before the change."""
    for table in tables:
        sql = f"INSERT INTO {COUNTS} (name, before) SELECT ?, count(*) FROM {quoted(table)}"
        yield WireStatement(sql, (identifier_key(table),))


def counting_after(before: Iterable[str], after: Iterable[str]) -> Iterator[WireStatement]:
    """Count tables that exist after the change; one that did not exist before had no rows."""
    there = {identifier_key(table) for table in before}
    for table in after:
        if identifier_key(table) not in there:
            yield WireStatement(
                f"INSERT INTO {COUNTS} (name, before) VALUES (?, 0)", (identifier_key(table),)
            )
        sql = f"UPDATE {COUNTS} SET after = (SELECT count(*) FROM {quoted(table)}) WHERE name = ?"
        yield WireStatement(sql, (identifier_key(table),))


def without_table(wanted: Iterable[RowExpectation], found: Schema) -> list[str]:
    """Sentences for tables with an expectation that would not exist; Rows.ANY expects nothing."""
    return [
        f"{want.table}: rows were expected, but there would be no such table"
        for want in wanted
        if want.rows is not Rows.ANY and found.table(want.table) is None
    ]


def count(want: RowExpectation) -> FaultRule | None:
    """The rule that a table has as many rows as expected; None if nothing is expected."""
    name, table = identifier_key(want.table), want.table
    select = f"SELECT before AS a, coalesce(after, 0) AS b, NULL AS c FROM {COUNTS} WHERE name = ?"
    match want.rows:
        case Rows.KEPT:
            return FaultRule(
                f"{select} AND after IS NOT before", lambda fault: _not_kept(table, fault), (name,)
            )
        case Rows.UNCHANGED:
            return left_alone(table)
        case Rows.ADDED:
            sql = f"{select} AND after - before IS NOT ?"
            return FaultRule(sql, lambda fault: _not_added(want, fault), (name, want.count))
        case Rows.AS_MANY_AS:
            sql = (
                f"SELECT before AS a, coalesce(after, 0) AS b, o.n AS c FROM {COUNTS} CROSS JOIN"
                f" (SELECT coalesce(max(after), 0) AS n FROM {COUNTS} WHERE name = ?) o"
                " WHERE name = ? AND after IS NOT o.n"
            )
            return FaultRule(
                sql, lambda fault: _not_as_many(want, fault), (identifier_key(want.other or ""), name)
            )
    return None


def left_alone(table: str, *, out_of_scope: bool = False) -> FaultRule:
    """The rule that a table has as many rows as before, because none should change."""
    sql = (
        f"SELECT before AS a, coalesce(after, 0) AS b, NULL AS c FROM {COUNTS}"
        " WHERE name = ? AND after IS NOT before"
    )

    def say(fault: Fault) -> str:
        return _changed(table, f"{fault[0]:,} before, {fault[1]:,} after", out_of_scope)

    return FaultRule(sql, say, (identifier_key(table),))


def differing(table: str, *, out_of_scope: bool) -> str:
    """The sentence for a table that has as many rows as before, but other ones."""
    return _changed(table, "their contents differ", out_of_scope)


def _changed(table: str, difference: str, out_of_scope: bool) -> str:
    return f"{table}: no row should change, but {difference}{' (out of scope)' if out_of_scope else ''}"


def _not_kept(table: str, fault: Fault) -> str:
    return f"{table}: all {counted(fault[0], 'row')} should be kept, but {fault[1]:,} would remain"


def _not_added(want: RowExpectation, fault: Fault) -> str:
    was, now = fault[0], fault[1]
    return f"{want.table}: expected {want.count:+,} rows, but {was:,} would become {now:,} ({now - was:+,})"


def _not_as_many(want: RowExpectation, fault: Fault) -> str:
    return f"{want.table}: should have as many rows as {want.other} ({fault[2]:,}), but has {fault[1]:,}"
