"""Makes LiveOne's writers wait while changeover changes the schema of a server's database.

Rule: the question is the first statement of every write's own transaction, so that no write slips in once a
hold was given, and it costs no round trip. On a file nothing is asked: there SQLite queues the writers for
the milliseconds that a change takes, and nobody can take the lock away from it.
"""

from changeover.database.server import hold
from hrana.wire import Json
from liveone.store.database import Held, Statement

QUESTION = Statement(hold.QUESTION)
PLACE = 1
"""Of the question among the steps of a write: right after BEGIN."""
HINT = "Readings wait in the spool meanwhile; it lasts seconds. `changeover status` says who is at work."


def refuse_held(result: Json, label: str) -> None:
    """Raise Held when the question of a write was answered with yes; nothing was applied then."""
    error = result["step_errors"][PLACE]
    if error is not None and hold.WORDS in str(error.get("message")):
        raise Held(f"database {label} is being migrated: {hold.WORDS}", hint=HINT)
