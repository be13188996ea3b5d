"""Named queries: ``queries/<name>.sql``, or ``<name>.gen<N>.sql`` where generations differ.

A file of generation N is for that one and those after it, up to the next that has one of its own; the plain
one is for all others. Values are parameters, always; the only thing ever put into the text is a list of
columns that the code itself spells out.
"""

from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "queries"


@cache
def query(name: str, generation: int) -> str:
    """The SQL text of a named query for a generation; KeyError when there is none."""
    own = (FOLDER / f"{name}.gen{number}.sql" for number in range(generation, -1, -1))
    for path in (*own, FOLDER / f"{name}.sql"):
        if path.is_file():
            return path.read_text(encoding="utf-8")
    raise KeyError(f"no query {name!r} for generation {generation} in {FOLDER}")


def schema_path(generation: int) -> Path:
    """The file that creates an empty database of a generation."""
    return Path(__file__).with_name(f"schema_gen{generation}.sql")
