"""What must hold of one change on a server, as rules: the fence, the schema, rows as they are expected.

Rule: a file knows these of its own transaction (`proof`); what must hold of any database is `standing`.
"""

import json
from collections.abc import Iterable, Mapping

from changeover.database import rows
from changeover.database.lease import TABLE, Lease
from changeover.database.names import folded
from changeover.database.rows import State
from changeover.database.rule import FAULTS_MAX, Fault, Rule
from changeover.database.schema import Table
from changeover.database.shadow import Object
from changeover.plan import RowExpectation, Rows

COUNTS = "changeover_now_counts"
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


def lease_is_ours(lease: Lease) -> Rule:
    """The fence: nobody took the lease away, and its token is the one this was sent under."""
    held = f"SELECT 1 FROM {TABLE} WHERE id = 1 AND token = ? AND run_id = ?"
    return Rule(
        f"SELECT 1 AS a, 2 AS b, 3 AS c WHERE NOT EXISTS ({held})",
        lambda _: "the lease is not ours any more",
        (lease.token, lease.holder.run_id),
    )


def foreign_keys_are(enforced: bool) -> Rule:
    """The server does as it was told about foreign keys; otherwise a DROP TABLE would delete children."""
    return Rule(
        "SELECT foreign_keys AS a, NULL AS b, NULL AS c FROM pragma_foreign_keys WHERE foreign_keys IS NOT ?",
        lambda _: f"foreign keys are {'not ' if enforced else ''}enforced",
        (int(enforced),),
    )


def schema_is(objects: Iterable[Object]) -> Rule:
    """Exactly these definitions are there, changeover's own left out."""
    given = json.dumps([list(one) for one in objects])
    sql = f"""SELECT type AS a, name AS b, iif(count(*) = 2, 'is another one', min(side)) AS c FROM (
      SELECT type, name, 'is not expected' AS side FROM ({_OBJECTS} EXCEPT {_GIVEN})
      UNION ALL SELECT type, name, 'is missing' FROM ({_GIVEN} EXCEPT {_OBJECTS}))
      GROUP BY 1, 2 LIMIT {FAULTS_MAX}"""
    return Rule(sql, lambda fault: f"{fault[0]} {fault[1]} {fault[2]}", (given, given))


def expected_count(want: RowExpectation) -> Rule | None:
    """The demand on how many rows there are, from the counts before and after; None where none is made."""
    name = folded(want.table)
    select = f"SELECT before AS a, after AS b, NULL AS c FROM {COUNTS} WHERE name = ?"
    match want.rows:
        case Rows.KEPT | Rows.UNCHANGED:
            return Rule(f"{select} AND after IS NOT before", lambda f: _broken(want, f), (name,))
        case Rows.ADDED:
            sql = f"{select} AND after - before IS NOT ?"
            return Rule(sql, lambda f: _broken(want, f), (name, want.count))
        case Rows.AS_MANY_AS:
            other = folded(want.other or "")
            sql = (
                f"SELECT before AS a, after AS b, o.n AS c FROM {COUNTS} CROSS JOIN"
                f" (SELECT coalesce(max(after), 0) AS n FROM {COUNTS} WHERE name = ?) o"
                " WHERE name = ? AND after IS NOT o.n"
            )
            return Rule(sql, lambda f: _broken(want, f, {other: f[2]}), (other, name))
    return None


def left_alone(table: Table) -> Rule:
    """A table out of scope has as many rows as before."""
    found = expected_count(RowExpectation(table.name, Rows.UNCHANGED))
    assert found is not None
    return Rule(found.sql, lambda fault: f"{found.say(fault)} (out of scope)", found.params)


def _broken(want: RowExpectation, fault: Fault, counts: Mapping[str, int] | None = None) -> str:
    was, now = int(fault[0] or 0), int(fault[1] or 0)
    return rows.broken(want, State(was), State(now), counts or {}) or f"{want.table}: {was:,} became {now:,}"
