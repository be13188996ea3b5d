"""How much room the database takes, for `doctor` and the admin page."""

from dataclasses import dataclass
from pathlib import Path

from liveone.store.store import Query, Store


@dataclass(frozen=True, slots=True)
class Storage:
    """Sizes in bytes; ``free_bytes`` is room inside the file that new rows will use again.

    ``bytes_per_reading`` is all used room, aggregates and indexes included, for each raw reading.
    """

    generation: int
    file_bytes: int
    wal_bytes: int
    free_bytes: int
    rows: dict[str, int]
    bytes_per_reading: float | None


def storage(store: Store) -> Storage:
    """Measure the database; counts rows, which takes about 0.1 s for each ten million of them."""
    (pages,), rows = store.snapshot([Query("storage_pages"), Query("storage_rows")])
    page_bytes, page_count, free_pages = (int(value) for value in pages)  # type: ignore[arg-type]
    counts = {str(name): int(number) for name, number in rows}  # type: ignore[arg-type]
    used_bytes = (page_count - free_pages) * page_bytes
    return Storage(
        generation=store.generation,
        file_bytes=page_count * page_bytes,
        wal_bytes=_size(Path(f"{store.database.label}-wal")),
        free_bytes=free_pages * page_bytes,
        rows=counts,
        bytes_per_reading=used_bytes / counts["readings"] if counts["readings"] else None,
    )


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
