"""A hold asks an application's writers to keep their data and retry while a server's database is changed.

Rule: a hold is a table, ``changeover_hold``, whose default says until when it lasts, by the server's own
clock. So an application can ask in one statement, inside the transaction of a write, whether there is one:
it runs `QUESTION` first, which fails while a hold lasts. It is prolonged before every sending of the change,
and whenever that has to wait; killed with its runner it ends by itself after `LASTS_S`, and no clock and no
leftover makes it last longer than `LONGEST_S`. Nothing of it is needed for the change to be whole: it only
keeps writers from waiting for the lock, and from taking it away after the server's 5 s.
"""

import time
from math import inf

from changeover.database.server.remote import Remote
from hrana.errors import HranaError
from hrana.wire import WireStatement

TABLE = "changeover_hold"
LASTS_S = 15
RENEW_S = 1.0
"""One that was taken longer ago is prolonged; a sending takes less than what is left then."""
LONGEST_S = 60
WORDS = "a change of the schema is at work"
QUESTION = (
    # RAISE works in triggers only (https://sqlite.org/lang_createtrigger.html);
    # a JSON path that is none is an error that repeats our words.
    f"SELECT json_extract('{{}}', '{WORDS} until ' || dflt_value)"
    f" FROM pragma_table_info('{TABLE}')"
    f" WHERE CAST(dflt_value AS INTEGER) - unixepoch() BETWEEN 1 AND {LONGEST_S}"
)
"""Fails while a hold lasts, and gives no row otherwise, whether the table is there or not."""


class Hold:
    """One runner's hold, which it prolongs while its change goes on."""

    def __init__(self, remote: Remote) -> None:
        self._remote, self._taken_s = remote, -inf

    def keep(self) -> None:
        """Take it, or prolong it. Where the server cannot just now, whoever goes on finds that out."""
        if time.monotonic() - self._taken_s < RENEW_S:
            return
        try:
            take(self._remote)
        except HranaError as error:
            if not error.retryable:
                raise
        else:
            self._taken_s = time.monotonic()


def take(remote: Remote) -> None:
    """Begin a hold, or prolong the one that is there. When this returns, no writer that asks gets through."""
    (now_at,) = remote.execute("SELECT unixepoch()").fetchone()
    until_at = int(now_at) + LASTS_S
    created = f"CREATE TABLE {TABLE} (until_at INTEGER NOT NULL DEFAULT {until_at})"
    remote.apply([WireStatement(f"DROP TABLE IF EXISTS {TABLE}"), WireStatement(created)])


def give_back(remote: Remote) -> None:
    """End the hold, whoever began it."""
    remote.execute(f"DROP TABLE IF EXISTS {TABLE}")
