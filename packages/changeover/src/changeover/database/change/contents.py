"""Compares rows after a change with rows before it, by rules in SQL.

Rule: a file in WAL mode shows the rows before beside its transaction (`committed_snapshot`). Elsewhere a copy
holds them, which is made and dropped in the transaction, so that nobody else sees it. Which tables are
compared, how rows are matched and the SQL that compares are the same for both.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from changeover.database.change import committed_snapshot, expected, rows
from changeover.database.change.rule import Fault, FaultRule
from changeover.database.rehearse.identity import same_value
from changeover.database.schema.catalogue import ROWIDS, Schema, Table, shared_rowid
from changeover.plan.model import RowExpectation, Rows
from changeover.sql.identifiers import identifier_key, listed, quoted
from changeover.words import counted
from hrana.wire import WireStatement

LEFT_ALONE_ROWS, EXPECTED_ROWS = 10_000, 100_000
"""The largest tables (out of scope; with an expectation) that are compared while writers wait, in rows."""
COPY, ROWID = "changeover_now_copy", "changeover_rowid"
Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a plan says of rows, by names in lower case.

    ``rebuilt`` are the tables that the script rebuilds.
    """

    before: Schema
    planned: Schema
    wanted: Mapping[str, RowExpectation]
    scope: Collection[str]
    rebuilt: Collection[str]


@dataclass(frozen=True, slots=True)
class Before:
    """The rows of a table before the change, in ``source``; ``copied``: that is a copy.

    ``pairs`` are the columns (now, before) by which rows are matched; without them rows are compared as a
    bag. ``exact`` are the columns whose values are compared by type as well.
    """

    table: Table
    source: str
    copied: bool
    pairs: Pairs
    columns: tuple[str, ...]
    exact: frozenset[str]

    def making(self, *, temporary: bool) -> list[WireStatement]:
        """The statements that make the copy.

        Columns have no type, so that every value stays as it is. Key columns keep theirs, because the index
        of a column without affinity does not find the value of one with affinity.
        """
        kind = "TEMP TABLE" if temporary else "TABLE"
        keys = [before for _, before in self.pairs]
        others = [quoted(column) for column in self.columns if quoted(column) not in keys]
        chosen = ", ".join([*(now for now, _ in self.pairs), *others])
        typed = [f"{before} {self._type(now)}" for now, before in self.pairs]
        if ROWID in keys:
            shape = f"({', '.join([f'{ROWID} INTEGER PRIMARY KEY', *others])})"
        elif keys:
            shape = f"({', '.join([*typed, *others])}, PRIMARY KEY ({', '.join(keys)})) WITHOUT ROWID"
        else:
            shape = f"({', '.join(others)})"
        return [
            WireStatement(f"CREATE {kind} {self.source} {shape}"),
            WireStatement(f"INSERT INTO {self.source} SELECT {chosen} FROM {self._now}"),
        ]

    @property
    def _now(self) -> str:
        return f"main.{quoted(self.table.name)}"

    def _type(self, column: str) -> str:
        found = next((one for one in self.table.columns if quoted(one.name) == column), None)
        return found.type if found else ""

    def unchanged(self, says: str) -> FaultRule:
        """The rule that each row is what it was, and none is added or missing; ``says`` is the sentence."""
        name = identifier_key(self.table.name)
        same_count = f"FROM {expected.COUNTS} WHERE name = ? AND before IS after"
        if self.pairs:
            both = f"{self._now} a CROSS JOIN {self.source} b ON {self._matched}"
            equal = f"SELECT count(*) FROM {both} WHERE {self._same}"
            sql = f"SELECT {self.difference()} {same_count} AND after <> ({equal})"
        else:
            sql = f"SELECT a, b, c FROM ({self._bag()}) WHERE a + b > 0 AND EXISTS (SELECT 1 {same_count})"
        return FaultRule(sql, lambda found: _differing(says, found), (name,))

    def affected(self, want: RowExpectation) -> FaultRule:
        """The rule that as many rows were added, removed or changed as the plan expects."""
        if not self.pairs:
            says = f"{want.table}: has no key, so rows that change cannot be counted; use =*, =0 or =+N"
            return FaultRule("SELECT 1 AS a, NULL AS b, NULL AS c", lambda _: says)
        sql = f"SELECT a, b, c FROM (SELECT {self.difference()}) WHERE a + b + c <> ?"
        return FaultRule(sql, lambda found: _unexpected(want, found), (want.count,))

    @property
    def _matched(self) -> str:
        """SQL: two rows are the same one.

        By the collation of each side, to use its index, and byte by byte.
        """
        return " AND ".join(
            f"b.{before} = a.{now}"
            if now in ROWIDS
            else f"a.{now} = b.{before} AND b.{before} = a.{now} COLLATE BINARY"
            for now, before in self.pairs
        )

    @property
    def _same(self) -> str:
        matched = {now for now, _ in self.pairs}
        compared = (column for column in self.columns if quoted(column) not in matched)
        return " AND ".join(map(self._same_value, compared)) or "1"

    def _same_value(self, column: str) -> str:
        if column not in self.exact:
            return same_value(self.table, column)
        name = quoted(column)
        return f"(a.{name} IS b.{name} COLLATE BINARY AND typeof(a.{name}) = typeof(b.{name}))"

    def difference(self) -> str:
        """SQL: the number of rows that were (a) added, (b) removed and (c) changed."""
        now, before = f"{self._now} a", f"{self.source} b"
        added = f"SELECT count(*) FROM {now} WHERE NOT EXISTS (SELECT 1 FROM {before} WHERE {self._matched})"
        gone = f"SELECT count(*) FROM {before} WHERE NOT EXISTS (SELECT 1 FROM {now} WHERE {self._matched})"
        changed = (
            f"SELECT count(*) FROM {before} CROSS JOIN {now} ON {self._matched} WHERE NOT ({self._same})"
        )
        return f"({added}) AS a, ({gone}) AS b, ({changed}) AS c"

    def _bag(self) -> str:
        """SQL: the number of rows that are there (a) more often than before and (b) less often; (c) is 0."""
        columns = listed(self.columns)
        both = (
            f"SELECT {columns}, 1 AS step FROM {self._now} UNION ALL SELECT {columns}, -1 FROM {self.source}"
        )
        each = ", ".join(f"{quoted(c)} COLLATE BINARY, typeof({quoted(c)})" for c in self.columns)
        unlike = f"SELECT sum(step) AS n FROM ({both}) GROUP BY {each} HAVING sum(step) <> 0"
        more, less = "coalesce(sum(max(n, 0)), 0)", "coalesce(-sum(min(n, 0)), 0)"
        return f"SELECT {more} AS a, {less} AS b, 0 AS c FROM ({unlike})"


def compared(
    asked: Asked,
    tables: Iterable[Table],
    fits: Callable[[Table, int], bool],
    note: Callable[[str], None],
    *,
    beside: bool,
) -> dict[str, Before]:
    """The tables whose rows are compared: name in lower case -> the rows before.

    ``fits`` says whether a table has at most so many rows, or nobody waits; ``note`` gets a sentence for each
    table that is too large. ``beside``: the committed state can be read beside the transaction.
    """
    found: dict[str, Before] = {}
    for place, table in enumerate(tables):
        name = identifier_key(table.name)
        want, in_scope = asked.wanted.get(name), name in asked.scope
        reads = want.rows in (Rows.UNCHANGED, Rows.AFFECTED) if want else not in_scope
        planned = asked.planned.table(name)
        if not reads or planned is None or not rows.shared_columns(table, planned) or not table.holds_rows:
            continue
        if not fits(table, EXPECTED_ROWS if want and in_scope else LEFT_ALONE_ROWS):
            note(f"{table.name}: counted and guarded while writers wait; contents proven in rehearsal")
            continue
        found[name] = _before(asked, table, planned, place, beside=beside)
    return found


def demanded(asked: Asked, counts: Iterable[str], found: Mapping[str, Before]) -> Iterator[FaultRule]:
    """The rules that rows are as expected, and that everything out of scope is as it was.

    ``counts`` are the tables that were counted before, ``found`` those that are compared.
    """
    for name, want in asked.wanted.items():
        if asked.planned.table(name) is None:
            continue
        is_new = asked.before.table(name) is None
        count = expected.count(_all_added(want) if is_new else want)
        if count is not None:
            yield count
        if name in found and want.rows is Rows.AFFECTED:
            yield found[name].affected(want)
        elif name in found:
            yield found[name].unchanged(expected.differing(want.table, out_of_scope=False))
    for name in counts:
        if name not in asked.scope and name not in asked.wanted:
            table = asked.before.tables[name]
            yield expected.left_alone(table.name, out_of_scope=True)
            if name in found:
                yield found[name].unchanged(expected.differing(table.name, out_of_scope=True))


def _all_added(want: RowExpectation) -> RowExpectation:
    """The expectation for a table that did not exist before: changed rows are added rows there."""
    return replace(want, rows=Rows.ADDED) if want.rows is Rows.AFFECTED else want


def _before(asked: Asked, table: Table, planned: Table, place: int, *, beside: bool) -> Before:
    name = identifier_key(table.name)
    want = asked.wanted.get(name)
    columns = rows.shared_columns(table, planned)
    by_key = tuple((quoted(c), quoted(c)) for c in table.key if c in columns)
    is_same = table.kind == planned.kind == "table" and name not in map(identifier_key, asked.rebuilt)
    rowid = shared_rowid(table, planned) if is_same else ""
    pairs: Pairs = by_key if len(by_key) == len(table.key) else ()
    if rowid and (name not in asked.scope or (not pairs and want and want.rows is Rows.AFFECTED)):
        pairs = by_rowid(rowid, beside=beside)
    retyped = frozenset(c for c in columns if not beside or _type(table, c) != _type(planned, c))
    return Before(table, source(table, place, beside=beside), not beside, pairs, columns, retyped)


def by_rowid(name: str, *, beside: bool) -> Pairs:
    """The pairs that match rows by a rowid of that name."""
    return ((name, name if beside else ROWID),)


def source(table: Table, place: int, *, beside: bool) -> str:
    """Where the rows before are: in the committed state, or in the copy number ``place``."""
    return f"{committed_snapshot.NAME}.{quoted(table.name)}" if beside else f"{COPY}_{place}"


def _type(table: Table, column: str) -> str:
    found = table.column(column)
    return identifier_key(found.type) if found else ""


def _differing(says: str, found: Fault) -> str:
    return f"{says}: {found[0]:,} added, {found[1]:,} removed, {found[2]:,} other"


def _unexpected(want: RowExpectation, found: Fault) -> str:
    """The sentence for a number of rows that differs from the expected one."""
    added, removed, changed = found
    return (
        f"{want.table}: expected {counted(want.count, 'row')} to change, but"
        f" {counted(added + removed + changed, 'row')} would"
        f" change ({added:,} added, {removed:,} removed, {changed:,} different)"
    )
