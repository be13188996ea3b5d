"""A file into the database: watched for units that are a thousandfold off, and taken back where they are."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import cast

from liveone.domain.system import System
from liveone.domain.units import UnitWatch
from liveone.errors import BadInput, sentence
from liveone.store import bulk, repair
from liveone.store.bulk import Imported, Terms
from liveone.store.changes import ChangeEntry
from liveone.store.patience import ROWS_MOST
from liveone.store.store import Store
from liveone.transfer.apart import rows_of
from liveone.transfer.columns import Row
from liveone.transfer.readings_in import ReadingsFile

SHOWN_ROWS = 3
WATCHED_ROWS = 500
"""How many rows of every batch but the first are looked at: all would take longer than to write them."""


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """``name`` is what the log calls the file, ``made_by`` who asked. ``replaces``: readings that are there
    get the file's values. ``units_are_said``: somebody named them, so they are believed."""

    name: str
    made_by: str
    replaces: bool = False
    units_are_said: bool = False


@dataclass(frozen=True, slots=True)
class Preview:
    """What an import would do: the counts, the span of the file's readings and the first of them."""

    counts: Imported
    first_at: int | None
    last_at: int | None
    rows: tuple[Row, ...]


def import_file(
    store: Store,
    system: System,
    source: ReadingsFile,
    asked: ImportRequest,
    progress: Callable[[Imported], None] | None = None,
) -> Imported:
    """Import a file. Raises BadInput where its units cannot be; then nothing of it stays."""
    watch, begun = _Watch(source, asked), list[int]()
    terms = Terms(_entry(asked), watch.columns if asked.replaces else (), begun.append)
    try:
        return bulk.import_readings(store, system.id, watch.rows(), terms=terms, progress=progress)
    except ThousandfoldError:
        for change_id in begun:
            repair.undo(store, change_id, asked.made_by)
        raise


def preview_file(store: Store, system: System, source: ReadingsFile, asked: ImportRequest) -> Preview:
    """What ``import_file`` would do; nothing is written."""
    watch = _Watch(source, asked)
    terms = Terms(_entry(asked), watch.columns if asked.replaces else ())
    rows, total, seen = watch.rows(), Imported(), set[int]()
    first: tuple[Row, ...] = ()
    times: list[int] = []
    while batch := list(islice(rows, ROWS_MOST)):
        first = first or tuple(batch[:SHOWN_ROWS])
        taken = [int(row[0] or 0) for row in batch]
        times = [min([*times[:1], *taken]), max([*times[1:], *taken])]
        fresh = [row for row, at in zip(batch, taken, strict=True) if at not in seen]
        seen.update(taken)
        found = bulk.preview(store, system.id, fresh, terms)
        total = Imported(
            total.offered + len(batch),
            total.new + found.new,
            0,
            total.replaced + found.replaced,
            total.excluded + found.excluded,
        )
    first_at, last_at = times or (None, None)
    return Preview(total, first_at, last_at, first)


def refuse_imperfect(source: ReadingsFile) -> None:
    """Read a whole file; BadInput for the first line with something wrong in it."""
    for _ in rows_of(source):
        pass
    found = source.findings
    if (first := found.first()) is not None:
        count = found.bad_count + found.doubtful_count
        raise BadInput(
            sentence(
                "{path}:{line}: {reason} ({count} bad lines in all); nothing was imported",
                path=source.path,
                line=str(first.line),
                reason=first.reason,
                count=count,
            ),
            hint=sentence("Mend the file, or import without --strict to pass bad lines over."),
        )


class ThousandfoldError(BadInput):
    """Energy and power of a file cannot both be in the units that they are taken for."""


class _Watch:
    """The rows of a source, held back batch by batch until their units are looked at."""

    def __init__(self, source: ReadingsFile, asked: ImportRequest) -> None:
        self._source, self._asked = source, asked
        self._read = rows_of(source)
        self._units = UnitWatch()
        self._begin = list(islice(self._read, ROWS_MOST))

    @property
    def columns(self) -> tuple[str, ...]:
        return self._source.findings.columns

    def rows(self) -> Iterator[Row]:
        batch = self._begin
        while batch:
            self._look(batch)
            yield from batch
            batch = list(islice(self._read, ROWS_MOST))

    def _look(self, batch: list[Row]) -> None:
        if self._asked.units_are_said:
            return
        seen = batch if batch is self._begin else batch[:WATCHED_ROWS]
        self._units.see(cast(list[tuple[float | None, ...]], seen))
        for name, is_more in self._units.suspects().items():
            raise _thousandfold(self._source, name, is_more=is_more)


def _thousandfold(source: ReadingsFile, name: str, *, is_more: bool) -> ThousandfoldError:
    power = name.split("_", maxsplit=1)[0]
    blanks = {"path": source.path, "counter": f"{name}_kwh_total", "power": f"{power}_w"}
    if is_more:
        return ThousandfoldError(
            sentence(
                "{path}: {counter} gains a thousand times the power in {power}; nothing was imported",
                **blanks,
            ),
            hint=sentence(
                "Is the energy in Wh? Add --energy-unit Wh. Or the power in kW? Add --power-unit kW. "
                "If it is true as it stands, say so: --energy-unit kWh."
            ),
        )
    return ThousandfoldError(
        sentence(
            "{path}: {counter} gains a thousandth of the power in {power}; nothing was imported", **blanks
        ),
        hint=sentence(
            "Is the energy in MWh? Add --energy-unit MWh. If it is true as it stands, say so: "
            "--energy-unit kWh."
        ),
    )


def _entry(asked: ImportRequest) -> ChangeEntry:
    return ChangeEntry("replace" if asked.replaces else "import", asked.name, asked.made_by)
