"""A table and its image under another name: the SQL that keeps the image equal to the table while others
write.

Triggers append the keys of rows that change to a log; nothing else is done in the writers' transactions. The
log has no unique constraint, because inside a trigger the conflict clause of the outer statement wins
(https://sqlite.org/lang_createtrigger.html): with OR IGNORE a repeated key would be dropped, with OR ABORT
refused. Rows that REPLACE removes fire no DELETE trigger unless `recursive_triggers` is on, so a BEFORE
trigger looks for them, one look for each unique key.

Rule: pure. Columns of changeover's own begin with ``changeover_``, so that none of the application's is
hidden.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from changeover.sql.identifiers import listed, quoted

PREFIX = "changeover_"
LOG, WALK = f"{PREFIX}log_", f"{PREFIX}walk_"
_L, _S, _I = f"{PREFIX}l", f"{PREFIX}s", f"{PREFIX}i"


@dataclass(frozen=True, slots=True)
class KeyColumn:
    """A column of the key in table and image; ``collation`` is the same in both."""

    live: str
    image: str
    collation: str
    nullable: bool


@dataclass(frozen=True, slots=True)
class UniqueKey:
    """A key by which REPLACE removes rows: columns with collations, and the WHERE of a partial index.

    ``defaults`` are what SQLite puts in place of NULL, by column, where REPLACE meets NOT NULL.
    """

    columns: tuple[tuple[str, str], ...]
    where: str = ""
    defaults: tuple[tuple[str, str], ...] = ()

    def new(self, column: str) -> str:
        """The value that a row will have: a BEFORE trigger still sees the NULL that a default replaces."""
        value, default = f"NEW.{quoted(column)}", dict(self.defaults).get(column)
        return value if default is None else f"coalesce({value}, {default})"


@dataclass(frozen=True, slots=True)
class WalkOrder:
    """The columns by which a table is walked through in the order of its b-tree: rowid, or its primary
    key.
    """

    columns: tuple[str, ...]
    collations: tuple[str, ...] = ("binary",)

    def of(self, alias: str) -> str:
        """As a value to compare with, of the table called ``alias``."""
        names = ", ".join(f"{quoted(alias)}.{quoted(column)}" for column in self.columns)
        return f"({names})" if len(self.columns) > 1 else names


@dataclass(frozen=True, slots=True)
class Capture:
    """The log of keys of a table that is written to, and the triggers that fill it."""

    table: str
    key: tuple[KeyColumn, ...]
    unique: tuple[UniqueKey, ...]

    @property
    def log(self) -> str:
        """The log's name."""
        return LOG + self.table

    def making(self) -> list[str]:
        """The statements that make log and triggers."""
        columns = ", ".join(f"{_k(n)} COLLATE {one.collation}" for n, one in enumerate(self.key))
        return [
            f"CREATE TABLE {quoted(self.log)} ({PREFIX}seq INTEGER PRIMARY KEY, {columns})",
            *(sql for _, sql in self.triggers()),
        ]

    def dropping(self) -> list[str]:
        """The statements that drop the triggers; the log stays until it is dropped with the rest."""
        return [f"DROP TRIGGER {quoted(name)}" for name, _ in self.triggers()]

    def triggers(self) -> Iterator[tuple[str, str]]:
        """Name and definition of each trigger."""
        new, old = self._values("NEW"), self._values("OLD")
        yield self._trigger("insert", "AFTER INSERT", self._add(f"VALUES ({new})"))
        changed = " OR ".join(f"NEW.{quoted(one.live)} IS NOT OLD.{quoted(one.live)}" for one in self.key)
        body = f"{self._add(f'VALUES ({old})')} {self._add(f'SELECT {new} WHERE {changed}')}"
        # A key that changes leaves an image under the old one behind: both are logged.
        yield self._trigger("update", "AFTER UPDATE", body)
        yield self._trigger("delete", "AFTER DELETE", self._add(f"VALUES ({old})"))
        for number, unique in enumerate(self.unique):
            same = " AND ".join(
                f"t.{quoted(c)} = {unique.new(c)} COLLATE {coll}" for c, coll in unique.columns
            )
            where = f"{same} AND ({unique.where})" if unique.where else same
            keys = ", ".join(f"t.{quoted(one.live)}" for one in self.key)
            found = self._add(f"SELECT {keys} FROM {quoted(self.table)} AS t WHERE {where}")
            moved = " OR ".join(
                f"NEW.{quoted(c)} IS NOT OLD.{quoted(c)} COLLATE {coll}" for c, coll in unique.columns
            )
            # A row enters a partial index without a change of its columns.
            when = "" if unique.where else f" WHEN {moved}"
            yield self._trigger(f"insert_{number}", "BEFORE INSERT", found)
            yield self._trigger(f"update_{number}", "BEFORE UPDATE", found, when)

    def _trigger(self, name: str, event: str, body: str, when: str = "") -> tuple[str, str]:
        full = f"{PREFIX}{name}_{self.table}"
        on = quoted(self.table)
        return full, f"CREATE TRIGGER {quoted(full)} {event} ON {on} FOR EACH ROW{when} BEGIN {body} END"

    def _add(self, rows: str) -> str:
        names = ", ".join(_k(n) for n in range(len(self.key)))
        return f"INSERT INTO {quoted(self.log)} ({names}) {rows};"

    def _values(self, row: str) -> str:
        return ", ".join(f"{row}.{quoted(one.live)}" for one in self.key)


@dataclass(frozen=True, slots=True)
class ImageTable:
    """An image that follows a table. ``columns`` of the image get the value of each of ``expressions``.

    ``alias`` is what the expressions may call the table; ``live`` and ``stored`` are the addresses of both.
    ``parameters`` are the names that the expressions bind; ``floating`` are columns of the image that hold
    every number as a floating one.
    """

    capture: Capture
    name: str
    alias: str
    columns: tuple[str, ...]
    expressions: tuple[str, ...]
    live: WalkOrder
    stored: WalkOrder
    parameters: tuple[str, ...] = ()
    floating: frozenset[str] = frozenset()

    @property
    def table(self) -> str:
        """The table that is written to."""
        return self.capture.table

    @property
    def walk(self) -> str:
        """The table that holds how far the copy has come."""
        return WALK + self.table

    def making_walk(self, *, temporary: bool = False, address: WalkOrder | None = None) -> str:
        """The table of places in a walk: place 0 is where it stands, 1 where the next chunk ends."""
        return making_walk(self.walk, address or self.live, temporary=temporary)

    def forget(self) -> str:
        """Delete from the image every row whose key is in the log between :low (not itself) and :high."""
        address = self.stored.of(_I)
        return (
            f"DELETE FROM {quoted(self.name)} WHERE {self.stored.of(self.name)} IN (SELECT"
            # CROSS JOIN keeps the short log as the outer loop, whatever
            # the planner estimates (https://sqlite.org/optoverview.html).
            f" {address[1:-1] if len(self.stored.columns) > 1 else address} FROM {self._logged()} CROSS JOIN"
            f" {quoted(self.name)} AS {_I} ON {self._matches(_I, 'image')})"
        )

    def logged_rows(self, *, up_to_cursor: bool) -> str:
        """The FROM of the logged rows that still exist; above the cursor the copy will come to them."""
        where = (
            f" WHERE {self.live.of(self.alias)} <= {place(self.walk, self.live, 0)}" if up_to_cursor else ""
        )
        return (
            f"FROM {self._logged()} CROSS JOIN {self._source} ON {self._matches(self.alias, 'live')}{where}"
        )

    def chunk(self, *, first: bool) -> str:
        """The FROM of the rows between place 0 (not itself) and 1 of the walk."""
        return f"FROM {self._source} WHERE {self._between(self.alias, self.live, first=first)}"

    def put(self, rows: str) -> str:
        """Put rows into the image, given by their FROM."""
        # ABORT wins over an ON CONFLICT clause of the definition, which would drop rows silently.
        values = ", ".join(self.expressions)
        return f"INSERT OR ABORT INTO {quoted(self.name)} ({listed(self.columns)}) SELECT {values} {rows}"

    def addresses(self, rows: str) -> str:
        """The keys of rows as they are shown, one column each, and their addresses."""
        shown = ", ".join(f"quote({self._of_source(one.live)})" for one in self.capture.key)
        return f"SELECT {shown}, {', '.join(map(self._of_source, self.live.columns))} {rows}"

    def row(self) -> str:
        """The FROM of the row whose address is bound to :changeover_a0 and so on."""
        same = " AND ".join(
            f"{self._of_source(column)} = :{PREFIX}a{n}" for n, column in enumerate(self.live.columns)
        )
        return f"FROM {self._source} WHERE {same}"

    def delete_log(self) -> str:
        """Delete the log up to :high."""
        return f"DELETE FROM {quoted(self.capture.log)} WHERE {PREFIX}seq <= :high"

    def left_to_copy(self, *, first: bool) -> str:
        """Count the rows beyond place 0 of the walk."""
        above = "" if first else f" WHERE {self.live.of(self.alias)} > {place(self.walk, self.live, 0)}"
        return f"SELECT count(*) FROM {self._source}{above}"

    def next_place(self, *, first: bool) -> str:
        """Note where a chunk of :rows rows ends; nothing where no row is left."""
        return next_place(self.table, self.walk, self.live, first=first)

    def wrong(self, *, first: bool) -> str:
        """The keys of rows in a chunk whose image is missing or another, unless they are in the log."""
        keys = ", ".join(f"{quoted(one.live)} AS {_k(n)}" for n, one in enumerate(self.capture.key))
        values = ", ".join(f"{text} AS {PREFIX}v{n}" for n, text in enumerate(self.expressions))
        same = " AND ".join(self._same(column, f"{_S}.{PREFIX}v{n}") for n, column in enumerate(self.columns))
        matched = self._equal(_I, "image", _S)
        return (
            f"SELECT {self._shown(_S)} FROM (SELECT {keys}, {values} FROM {self._source} WHERE"
            f" {self._between(self.alias, self.live, first=first)}) AS {_S} WHERE NOT EXISTS (SELECT 1 FROM"
            f" {quoted(self.name)} AS {_I} WHERE {matched} AND {same}) AND NOT {self._is_logged(_S)} LIMIT 5"
        )

    def missing(self, *, first: bool) -> str:
        """The keys of rows in a chunk that have no image, unless they are in the log."""
        keys = ", ".join(f"{quoted(one.live)} AS {_k(n)}" for n, one in enumerate(self.capture.key))
        return (
            f"SELECT {self._shown(_S)} FROM (SELECT {keys} FROM {self._source} WHERE"
            f" {self._between(self.alias, self.live, first=first)}) AS {_S} WHERE NOT EXISTS (SELECT 1 FROM"
            f" {quoted(self.name)} AS {_I} WHERE {self._equal(_I, 'image', _S)}) AND NOT"
            f" {self._is_logged(_S)}"
            " LIMIT 5"
        )

    def left_over(self, *, first: bool) -> str:
        """The keys of images in a chunk whose row is gone, unless they are in the log; walks by
        ``stored``.
        """
        keys = ", ".join(f"{quoted(one.image)} AS {_k(n)}" for n, one in enumerate(self.capture.key))
        return (
            f"SELECT {self._shown(_S)} FROM (SELECT {keys} FROM {quoted(self.name)} AS {_I} WHERE"
            f" {self._between(_I, self.stored, first=first)}) AS {_S} WHERE NOT EXISTS (SELECT 1 FROM"
            f" {quoted(self.table)} AS {_L} WHERE {self._equal(_L, 'live', _S)}) AND NOT"
            f" {self._is_logged(_S)}"
            " LIMIT 5"
        )

    def _same(self, column: str, value: str) -> str:
        """The image has the value, as it is once it is stored.

        Unary plus takes the type away, so that the image's column gives its own to the value. A comparison
        makes a text a number that way, but no whole number a floating one: beyond 2^53 they would differ.
        """
        here = f"{_I}.{quoted(column)}"
        same = f"{here} IS (+{value}) COLLATE BINARY"
        if column not in self.floating:
            return same
        rounded = f"typeof({here}) = 'real' AND typeof({value}) IN ('integer', 'text')"
        return f"({same} OR {rounded} AND {here} = CAST({value} AS REAL))"

    def _of_source(self, column: str) -> str:
        return f"{quoted(self.alias)}.{quoted(column)}"

    @property
    def _source(self) -> str:
        return f"{quoted(self.table)} AS {quoted(self.alias)}"

    def _logged(self) -> str:
        keys = ", ".join(_k(n) for n in range(len(self.capture.key)))
        return (
            f"(SELECT DISTINCT {keys} FROM {quoted(self.capture.log)} WHERE {PREFIX}seq > :low AND"
            f" {PREFIX}seq <= :high) AS {_L}"
        )

    def _matches(self, alias: str, side: str) -> str:
        return self._equal(alias, side, _L)

    def _equal(self, alias: str, side: str, other: str) -> str:
        """The row called ``alias`` has the key that ``other`` gives; its own column decides how it is
        compared.
        """
        return " AND ".join(
            f"{quoted(alias)}.{quoted(getattr(one, side))} {'IS' if one.nullable else '='} {other}.{_k(n)}"
            for n, one in enumerate(self.capture.key)
        )

    def _is_logged(self, alias: str) -> str:
        same = " AND ".join(f"{_L}.{_k(n)} IS {alias}.{_k(n)}" for n in range(len(self.capture.key)))
        # The log has no index on its keys, since every writer
        # would pay for it: it is short, and read through.
        return f"EXISTS (SELECT 1 FROM {quoted(self.capture.log)} AS {_L} WHERE {same})"

    def _shown(self, alias: str) -> str:
        return ", ".join(f"quote({alias}.{_k(n)})" for n in range(len(self.capture.key)))

    def _between(self, alias: str, address: WalkOrder, *, first: bool) -> str:
        here = address.of(alias)
        above = "" if first else f"{here} > {place(self.walk, address, 0)} AND "
        return f"{above}{here} <= {place(self.walk, address, 1)}"


def making_walk(name: str, address: WalkOrder, *, temporary: bool) -> str:
    """See `ImageTable.making_walk`."""
    kind = "TEMP TABLE" if temporary else "TABLE"
    columns = ", ".join(f"{_k(n)} COLLATE {one}" for n, one in enumerate(address.collations))
    return f"CREATE {kind} {quoted(name)} ({PREFIX}place INTEGER PRIMARY KEY, {columns})"


def next_place(table: str, walk: str, address: WalkOrder, *, first: bool) -> str:
    """Note as place 1 of a walk where a chunk of :rows rows of a table ends."""
    keys = [f"{_I}.{quoted(column)}" for column in address.columns]
    named = ", ".join(f"{key} AS {_k(n)}" for n, key in enumerate(keys))
    above = "" if first else f" WHERE {address.of(_I)} > {place(walk, address, 0)}"
    places = ", ".join(_k(n) for n in range(len(keys)))
    # max() takes no row value, so the last key of the chunk is the first one from behind.
    downwards = ", ".join(f"{_k(n)} DESC" for n in range(len(keys)))
    # SQLite takes the subquery apart unless LIMIT keeps it whole.
    chunk = f"SELECT {named} FROM {quoted(table)} AS {_I}{above} ORDER BY {', '.join(keys)} LIMIT :rows"
    return (
        f"INSERT OR REPLACE INTO {quoted(walk)} ({PREFIX}place, {places}) SELECT 1, {places} FROM ({chunk})"
        f" ORDER BY {downwards} LIMIT 1"
    )


def step(walk: str) -> Sequence[str]:
    """Where the chunk ended is where the walk stands now."""
    name = quoted(walk)
    return (
        f"DELETE FROM {name} WHERE {PREFIX}place = 0",
        f"UPDATE {name} SET {PREFIX}place = 0 WHERE {PREFIX}place = 1",
    )


def place(walk: str, address: WalkOrder, number: int) -> str:
    """The place of a walk as a value; unary plus lets the index of the table compare with its own type."""
    columns = ", ".join(f"+{_k(n)}" for n in range(len(address.columns)))
    return f"(SELECT {columns} FROM {quoted(walk)} WHERE {PREFIX}place = {number})"


def _k(number: int) -> str:
    return f"{PREFIX}k{number}"
