"""Decides which tables are counted while writers wait, for files and servers alike.

Rule: SQLite's authorizer lists every table that a script can write, by triggers, foreign keys and REPLACE too
(`blast`). A table that is not listed keeps its rows, so a large one is not counted. A small one is counted
all the same: it costs nothing, and would show a mistake of this rule.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from changeover.database.change.contents import EXPECTED_ROWS, LEFT_ALONE_ROWS
from changeover.database.change.invariants import Depth
from changeover.database.schema.catalogue import Table
from changeover.plan.model import RowExpectation, Rows
from changeover.sql.identifiers import identifier_key

_AS_BEFORE = (Rows.ANY, Rows.KEPT, Rows.UNCHANGED)
"""The expectations that hold of a table which nothing writes, without counting it."""


@dataclass(frozen=True, slots=True)
class CountRule:
    """``wanted`` and ``written`` are tables in lower case; the script can write those of ``written``.

    ``fits`` says whether a table has at most so many rows, ``is_affordable`` whether a table that is written
    can be counted while writers wait. ``note`` gets a sentence for each table that is not counted.
    """

    depth: Depth
    wanted: Mapping[str, RowExpectation]
    written: Collection[str]
    fits: Callable[[Table, int], bool]
    is_affordable: Callable[[Table], bool]
    note: Callable[[str], None]

    def is_counted(self, table: Table) -> bool:
        """Whether the rows of a table are counted before and after the script."""
        name = identifier_key(table.name)
        want = self.wanted.get(name)
        is_asked = any(identifier_key(one.other or "") == name for one in self.wanted.values())
        if self.depth is Depth.SCHEMA or not (want or is_asked or table.holds_rows):
            return False  # An index over rows of others has none to count, and may not be able to say so.
        if self.depth is Depth.THOROUGH or is_asked:
            return True
        if name not in self.written and (want is None or want.rows in _AS_BEFORE):
            return self._is_left_alone(table)
        if want is not None and want.rows is not Rows.ANY:
            return True
        return self._is_small_enough(table, want)

    def _is_left_alone(self, table: Table) -> bool:
        if self.fits(table, LEFT_ALONE_ROWS):
            return True
        self.note(
            f"{table.name}: nothing in the script can write it, so it was not counted while writers wait"
        )
        return False

    def _is_small_enough(self, table: Table, want: RowExpectation | None) -> bool:
        if self.fits(table, EXPECTED_ROWS) if want else self.is_affordable(table):
            return True
        why = "its plan says rows=any" if want else "guarded, and proven in rehearsal"
        self.note(f"{table.name}: too large to count while writers wait; {why}")
        return False
