"""LiveOne's tables in an empty database on a server."""

from liveone.errors import BadInput
from liveone.store.database import Database, Statement
from liveone.store.generations import NEWEST, definition_of
from liveone.store.script import split
from liveone.store.sql import schema_path


def create_tables(database: Database) -> None:
    """Make the tables of the newest generation, in one transaction, in a database that has none.

    Raises BadInput when there are tables, and whatever the database raises.
    """
    found = definition_of(database)
    if found.tables:
        raise BadInput(
            f"database {database.label} already holds tables ({', '.join(sorted(found.tables))})",
            hint="Use it as it is, or name another one; nothing was changed.",
        )
    schema = schema_path(NEWEST).read_text(encoding="utf-8")
    database.write([Statement(sql) for sql in split(schema)])
