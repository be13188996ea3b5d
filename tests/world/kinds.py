"""What an application, its writers and a migration of its database are; how a table is made anew.

Rule: a migration says what applications write meanwhile: every such row must be there at the end.
"""

import re
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

APPS = Path(__file__).parent / "apps"
FUNCTIONS = "functions.py"

Script = Callable[[sqlite3.Connection], str]
"""Makes a script of the database as it is before."""


@dataclass(frozen=True)
class Application:
    """``packages`` as pip takes them, ``debian`` as apt-get does; with neither the standard library is enough.

    ``rows`` of the short form; ``in_short``: light enough to be installed for `make test`. ``functions`` is a
    module with the functions and collations that the application gives its connections, ``beside`` a script of
    what people have added to its database.
    """

    name: str
    packages: tuple[str, ...] = ()
    debian: tuple[str, ...] = ()
    rows: int = 2_000
    rows_at_length: int = 300_000
    in_short: bool = True
    functions: str = ""
    beside: str = ""

    @property
    def script(self) -> Path:
        return APPS / f"{self.name}.py"


@dataclass(frozen=True)
class Writer:
    """What another process writes meanwhile: ``:mark`` is a text of its own in every row of ``table.column``."""

    sql: str
    table: str
    column: str


@dataclass(frozen=True)
class Migration:
    """A change with its way back, as they stand in a plan.

    ``own`` names the application's own migration of that kind, if it has one; ``known`` says whether the
    application opens its database while the change is in force.
    """

    application: Application
    name: str
    forward: str | Script
    back: str | Script
    scope: str
    rows: str
    writers: Sequence[Writer]
    header: str = ""
    own: str = ""
    known: bool = True

    def __str__(self) -> str:
        return f"{self.application.name}-{self.name}"

    def plan(self, database: Path) -> str:
        """The plan's text for a database."""
        functions = f"functions: {FUNCTIONS}\n" if self.application.functions else ""
        attributes = f'scope="{self.scope}" rows="{self.rows}"'
        return (
            f"---\ndatabase: app.db\nwriters-held: 30s\n{functions}{self.header}---\n# {self.name}\n\n## Execute\n\n"
            f"```sql {{#change {attributes}}}\n{_text(self.forward, database)}\n```\n\n"
            f"## Rollback\n\n```sql {{#back undoes=change {attributes}}}\n{_text(self.back, database)}\n```\n"
        )


def _text(script: str | Script, database: Path) -> str:
    if isinstance(script, str):
        return script
    with closing(sqlite3.connect(database)) as connection:
        return script(connection)


def remade(table: str, old: str = "", new: str = "") -> Script:
    """Makes a table anew as it is, with ``new`` for ``old`` in its text: rows, indexes and triggers stay."""

    def script(connection: sqlite3.Connection) -> str:
        (text,) = connection.execute("SELECT sql FROM sqlite_schema WHERE name = ?", (table,)).fetchone()
        assert old in text, f"{table}: {old!r} is not in {text}"
        definition = re.sub(
            rf'^CREATE TABLE\s+"?{table}"?', f'CREATE TABLE "{table}_new"', text.replace(old, new)
        )
        columns = ", ".join(
            f'"{name}"'
            for (name,) in connection.execute(
                "SELECT name FROM pragma_table_xinfo(?) WHERE hidden = 0", (table,)
            )
        )
        others = connection.execute(
            "SELECT sql FROM sqlite_schema WHERE tbl_name = ? AND type IN ('index', 'trigger') AND sql <> ''",
            (table,),
        )
        return (
            f'{definition};\nINSERT INTO "{table}_new" ({columns}) SELECT {columns} FROM "{table}";\n'
            f'DROP TABLE "{table}";\nALTER TABLE "{table}_new" RENAME TO "{table}";\n'
            + "".join(f"{sql};\n" for (sql,) in others)
        )

    return script
