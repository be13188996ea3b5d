"""What the old definition has no column for: set aside before the table that holds it is deleted.

Rule: as in any way back, no value that an application wrote is dropped without being kept (`change.undo`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

from changeover.database.online.image_table import ImageTable
from changeover.database.schema.catalogue import Column, Table
from changeover.sql import text as sqltext
from changeover.sql.identifiers import OWN_PREFIX, identifier_key, listed, quoted
from changeover.sql.rebuild import TableRebuild


@dataclass(frozen=True, slots=True)
class SetAside:
    """``making`` makes the table for one column's values; ``rows`` selects those that say something."""

    making: str
    name: str
    columns: str
    says_something: str

    def filling(self, table: str, chosen: str) -> str:
        """Copy the values of some rows of a table."""
        return (
            f"INSERT INTO {quoted(self.name)} SELECT {self.columns} FROM {quoted(table)}"
            f" WHERE {chosen} AND {self.says_something}"
        )


def left_out(
    live: Table, image: ImageTable, back: TableRebuild, there: TableRebuild | None
) -> Iterator[SetAside]:
    """The columns that the way back does not read. What the change gave to all rows says nothing."""
    read = {
        identifier_key(sqltext.unquoted(one.text))
        for text in back.expressions
        for one in sqltext.tokens(text)
        if one.kind == "name"
    }
    keys = [one.live for one in image.capture.key]
    for column in live.columns:
        if column.generated or identifier_key(column.name) in read:
            continue
        columns = listed([*keys, column.name])
        says = f"{quoted(column.name)} IS NOT {_given(column, there)}"
        # Another plan may set aside a column of the same name with other columns: that gets another table.
        mark = sha256(f"{columns} {says} {back.create.text}".encode()).hexdigest()[:8]
        name = identifier_key(f"{OWN_PREFIX}kept_{live.name}_{column.name}_{mark}")
        making = (
            f"CREATE TABLE IF NOT EXISTS {quoted(name)} AS SELECT {columns} FROM {quoted(live.name)} WHERE 0"
        )
        yield SetAside(making, name, columns, says)


def _given(column: Column, there: TableRebuild | None) -> str:
    """The value that a row has when nobody wrote one."""
    if there is not None:
        for name, text in zip(there.columns, there.expressions, strict=True):
            if identifier_key(name) == identifier_key(column.name):
                pieces = list(sqltext.tokens(text))
                literal = len(pieces) == 1 and pieces[0].kind in ("string", "number")
                return text if literal else "NULL"
    return f"({column.default})" if column.default is not None else "NULL"
