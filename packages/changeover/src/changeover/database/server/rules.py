"""What must hold of one change on a server alone, as rules: the fence, foreign keys, the schema.

Rule: a file knows these of its own transaction (`proof`); what both are held to is `expected`, `standing`.
"""

import json
from collections.abc import Iterable

from changeover.database.change.rule import FAULTS_MAX, FaultRule
from changeover.database.lease import TABLE, Lease
from changeover.database.server.shadow import Object

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


def lease_is_ours(lease: Lease) -> FaultRule:
    """The fence: nobody took the lease away, and its token is the one this was sent under."""
    held = f"SELECT 1 FROM {TABLE} WHERE id = 1 AND token = ? AND run_id = ?"
    return FaultRule(
        f"SELECT 1 AS a, 2 AS b, 3 AS c WHERE NOT EXISTS ({held})",
        lambda _: "the lease is not ours any more",
        (lease.token, lease.holder.run_id),
    )


def foreign_keys_are(enforced: bool) -> FaultRule:
    """The server does as it was told about foreign keys; otherwise a DROP TABLE would delete children."""
    return FaultRule(
        "SELECT foreign_keys AS a, NULL AS b, NULL AS c FROM pragma_foreign_keys WHERE foreign_keys IS NOT ?",
        lambda _: f"foreign keys are {'not ' if enforced else ''}enforced",
        (int(enforced),),
    )


def schema_is(objects: Iterable[Object]) -> FaultRule:
    """Exactly these definitions are there, changeover's own left out."""
    given = json.dumps([list(one) for one in objects])
    # A definition that differs is both missing and not expected: two rows of one name.
    sql = f"""SELECT type AS a, name AS b, iif(count(*) = 2, 'is another one', min(side)) AS c FROM (
      SELECT type, name, 'is not expected' AS side FROM ({_OBJECTS} EXCEPT {_GIVEN})
      UNION ALL SELECT type, name, 'is missing' FROM ({_GIVEN} EXCEPT {_OBJECTS}))
      GROUP BY 1, 2 LIMIT {FAULTS_MAX}"""
    return FaultRule(sql, lambda fault: f"{fault[0]} {fault[1]} {fault[2]}", (given, given))
