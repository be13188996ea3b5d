"""Makes LiveOne's writers wait while changeover changes the schema of a server's database, or for good.

Rule: the question is the first statement of every write's own transaction, so that no write slips in once a
hold was given, and it costs no round trip. On a file nothing is asked: there SQLite queues the writers for
the milliseconds that a change takes, and nobody can take the lock away from it.

A database that was retired holds the table ``_liveone_retired``, whose default names its successor: all
processes that still work on it keep their readings in their spools, on whatever machine they are.
"""

from changeover.database.connect import opened
from changeover.database.server import hold
from changeover.database.where import Server
from hrana.wire import Json
from liveone.store.changeover_errors import as_ours
from liveone.store.database import Database, Held, Retired, Statement, Value

RETIRED = "_liveone_retired"
RETIRED_WORDS = "another database has taken its place"
QUESTION = Statement(
    f"{hold.QUESTION} UNION ALL SELECT json_extract('{{}}', '{RETIRED_WORDS}: ' || dflt_value)"
    f" FROM pragma_table_info('{RETIRED}')"
)
"""Fails while a hold lasts and where the database is retired; gives no row otherwise."""

PLACE = 1
"""Of the question among the steps of a write: right after BEGIN."""
HINT = "Readings wait in the spool meanwhile; it lasts seconds. `changeover status` says who is at work."
RETIRED_HINT = (
    "Readings wait in the spool. Point LIVEONE_DATABASE_URL at the database that took its place and restart"
    " LiveOne; or take this one into use again: liveone db reopen URL"
)


def refuse_held(result: Json, label: str) -> None:
    """Raise Held or Retired when the question of a write was answered with yes; nothing was applied then."""
    error = result["step_errors"][PLACE]
    said = str(error.get("message")) if error is not None else ""
    if RETIRED_WORDS in said:
        raise Retired(f"database {label} takes no more writes: {RETIRED_WORDS}", hint=RETIRED_HINT)
    if hold.WORDS in said:
        raise Held(f"database {label} is being migrated: {hold.WORDS}", hint=HINT)


def retire(database: Database, successor: str) -> None:
    """Let LiveOne write nothing more to a server's database. Repeating it changes nothing.

    When this returns, no writer gets through. Raises StoreErrors.
    """
    if successor_of(database) is not None:
        return
    name = successor.replace("'", "''")
    # The words stand in the definition and not in a row: the
    # question must not fail where there is no such table.
    database.write([Statement(f"CREATE TABLE {RETIRED} (successor TEXT NOT NULL DEFAULT '{name}')")])


def reopen(url: str, token: str) -> None:
    """Let LiveOne write again to a server's database that was retired. Raises StoreErrors."""
    with as_ours(), opened(Server(url, token)) as remote:
        remote.execute(f"DROP TABLE IF EXISTS {RETIRED}")


def successor_of(database: Database) -> str | None:
    """What took a database's place; None where nothing did. Raises StoreErrors."""
    asked = Statement(f"SELECT dflt_value FROM pragma_table_info('{RETIRED}')")
    rows: list[tuple[Value, ...]] = database.read([asked], newest=True)[0]
    # A default is kept as it was written, so as an SQL literal with its quotes.
    return str(rows[0][0])[1:-1].replace("''", "'") if rows else None
