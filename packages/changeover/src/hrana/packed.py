"""Large reads in a form a libSQL server sends several times as fast: a thousand rows as one JSON text.

Rule: the rows are the same as without packing, to the last bit; a statement that JSON cannot carry
(bytes, infinite numbers) is refused by the server and read in the plain form instead.
"""

from collections.abc import Iterable, Iterator

import orjson

from hrana.wire import Row, StatementLike, WireStatement

ROWS_PER_TEXT = 1000


def packed(asked: StatementLike, columns: int) -> WireStatement:
    """A statement whose rows are texts, each a JSON array of up to 1000 rows of ``asked``.

    SQLite writes a number into JSON with 15 digits, which is not all of it; hence the 17 by hand. The
    LIMIT keeps the planner from dropping the ORDER BY inside.
    """
    names = ", ".join(f"c{place}" for place in range(columns))
    cells = ", ".join(
        f"CASE typeof(c{place}) WHEN 'real' THEN json(printf('%!.17g', c{place})) ELSE c{place} END"
        for place in range(columns)
    )
    sql = f"""
        WITH packed_rows ({names}) AS (SELECT * FROM (
        {asked.sql.rstrip().rstrip(";")}
        ) LIMIT -1)
        SELECT json_group_array(json(line)) FROM (
          SELECT json_array({cells}) AS line, (row_number() OVER () - 1) / {ROWS_PER_TEXT} AS place
          FROM packed_rows)
        GROUP BY place"""
    return WireStatement(sql, asked.params)


def unpacked(texts: Iterable[Row]) -> Iterator[Row]:
    """The rows in the texts of ``packed``."""
    for (text,) in texts:
        yield from map(tuple, orjson.loads(str(text)))
