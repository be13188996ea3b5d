"""The audit log: who did what, when, from where. Written beside what was done; pruned by age.

Rule: it never holds a secret, and that it cannot be written keeps nobody from anything.
"""

import logging
from dataclasses import dataclass

from liveone.accounts.people import People
from liveone.store.database import Row, StoreError
from liveone.store.store import Query

log = logging.getLogger(__name__)
KEPT_DAYS = 400
DAY_S = 86_400
TEXT_MAX = 300
NEWEST = 2**62


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """``at`` in UTC epoch seconds; ``who`` an account's id, ``owner`` or ``command line``; ``what`` was done,
    ``about`` whom or what, from the network ``address``."""

    id: int
    at: int
    who: str
    what: str
    about: str
    address: str


def note(people: People, who: str, what: str, about: str = "", *, address: str = "", now_at: float) -> None:
    """Enter what was done; entries that are too old go. Without the table nothing is noted."""
    if not people.refresh().are_kept:
        return
    entry = (int(now_at), who[:TEXT_MAX], what[:TEXT_MAX], about[:TEXT_MAX], address[:TEXT_MAX])
    old_at = int(now_at) - KEPT_DAYS * DAY_S
    try:
        people.write([Query("audit_add", entry), Query("audit_prune", (old_at,))])
    except StoreError as error:
        log.warning("the audit log could not be written (%s, %s): %s", who, what, error)


def listed(
    people: People, *, most: int = 200, before: int | None = None, who: str | None = None
) -> list[AuditEntry]:
    """The newest entries, newest first; none where the database keeps none."""
    if not people.asked().are_kept:
        return []
    return [_entry(row) for row in people.store.read("audit_list", most, before or NEWEST, who)]


def _entry(row: Row) -> AuditEntry:
    return AuditEntry(*row)  # type: ignore[arg-type]
