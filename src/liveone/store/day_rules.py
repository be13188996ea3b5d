"""Days follow from readings: when the rules by which they are computed change, they are computed anew once.

Rule: what is opened is written in the transaction that notes the rules, so a process may be stopped at any
moment, and goes on with the days that are still open. Days without readings stay: where an old database kept
days but not their readings, they are all that is known.
"""

import json

from liveone.domain.energy import RULES
from liveone.domain.system import System
from liveone.domain.zones import zone_of
from liveone.store import aggregates
from liveone.store.database import Statement
from liveone.store.script import split
from liveone.store.sql import FOLDER
from liveone.store.store import Query, Store

TABLE = FOLDER.parent / "schema_day_rules.sql"
LAST_DAY = "9999-12-31"


def open_outdated(store: Store, system: System) -> int:
    """Open the closed days of a system that older rules made, if there are any; returns how many."""
    if _are_current(store, system.id):
        return 0
    zone = zone_of(system)
    stored = aggregates.days(store, system.id, aggregates.FIRST_DAY, LAST_DAY)
    asked = json.dumps([(day.day, *zone.bounds(day.day)) for day in stored if day.version])
    outdated = [str(day) for (day,) in store.read("days_with_rows", system.id, asked)]
    store.database.write([Statement(sql) for sql in split(TABLE.read_text(encoding="utf-8"))])
    store.write(
        [
            Query("reopen_days", (json.dumps([(system.id, day, day) for day in outdated]),)),
            Query("day_rules_set", (system.id, RULES)),
        ]
    )
    return len(outdated)


def waiting(store: Store, system_id: int) -> int:
    """How many stored days of a system are open: late readings or new rules changed them."""
    return len(store.read("days_reopened", system_id))


def _are_current(store: Store, system_id: int) -> bool:
    if not store.read("day_rules_table"):
        return False
    return any(rules == RULES for (rules,) in store.read("day_rules", system_id))
