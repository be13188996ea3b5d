"""A hold: while a server's database is changed, an application's writers keep what they have and come back.

Rule: a hold is a table, ``changeover_hold``, whose default says until when it lasts, by the server's own
clock. So an application can ask in one statement, inside the transaction of a write, whether there is one:
it runs `QUESTION` first, which fails while a hold lasts. Killed with its runner a hold ends by itself after
`LASTS_S`; no clock and no leftover makes it last longer than `LONGEST_S`. Nothing of it is needed for the
change to be whole: it only keeps writers from waiting for the lock, and from taking it away after the
server's 5 s.
"""

from typing import Any, Protocol

TABLE = "changeover_hold"
LASTS_S = 15
LONGEST_S = 60
WORDS = "a change of the schema is at work"
QUESTION = (
    f"SELECT json_extract('{{}}', '{WORDS} until ' || dflt_value)"
    f" FROM pragma_table_info('{TABLE}')"
    f" WHERE CAST(dflt_value AS INTEGER) - unixepoch() BETWEEN 1 AND {LONGEST_S}"
)
"""Fails while a hold lasts, and gives no row otherwise, whether the table is there or not."""


class Connection(Protocol):
    """What a hold needs of a connection: one statement in a transaction of its own."""

    def execute(self, sql: str, /) -> Any: ...


def take(connection: Connection) -> None:
    """Begin a hold, or prolong the one that is there. When this returns, no writer that asks gets through."""
    (now_at,) = connection.execute("SELECT unixepoch()").fetchone()
    give_back(connection)
    connection.execute(f"CREATE TABLE {TABLE} (until_at INTEGER NOT NULL DEFAULT {int(now_at) + LASTS_S})")


def give_back(connection: Connection) -> None:
    """End the hold, whoever began it."""
    connection.execute(f"DROP TABLE IF EXISTS {TABLE}")
