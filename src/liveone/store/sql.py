"""Named queries: ``queries/<name>.sql``, or ``<name>.gen<N>.sql`` where generations differ.

A query without a file of its own for a generation uses the plain one. Values are parameters, always;
the only thing ever put into the text is a list of columns that the code itself spells out.
"""

from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "queries"


@cache
def query(name: str, generation: int) -> str:
    """The SQL text of a named query for a generation; KeyError when there is none."""
    for path in (FOLDER / f"{name}.gen{generation}.sql", FOLDER / f"{name}.sql"):
        if path.is_file():
            return path.read_text(encoding="utf-8")
    raise KeyError(f"no query {name!r} for generation {generation} in {FOLDER}")


def schema_path(generation: int) -> Path:
    """The file that creates an empty database of a generation."""
    return Path(__file__).with_name(f"schema_gen{generation}.sql")
