"""Imports and repairs of readings as the administrator's page has them done; the commands do the same.

Rule: one import at a time. What was changed is in the log, and can be undone from there.
"""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from liveone.clock import Clock
from liveone.domain.bounds import soon_at
from liveone.domain.system import System
from liveone.domain.zone_names import read_zone
from liveone.domain.zones import Zone, zone_of
from liveone.errors import BadInput, parts_of, renamed, said, sentence
from liveone.store import changes, repair
from liveone.store.bulk import Imported
from liveone.store.changes import Change, ChangeEntry
from liveone.store.store import Store
from liveone.store.systems import get_system, list_systems
from liveone.transfer.fields import FIELDS, column_of
from liveone.transfer.importing import ImportRequest, Preview, import_file, preview_file
from liveone.transfer.layouts import LAYOUTS
from liveone.transfer.options import ENERGY_UNITS, POWER_UNITS, LineProblem, Options, day_named, read_maps
from liveone.transfer.readings_in import ReadingsFile
from liveone.transfer.spans import read_span
from liveone.web.services import FileOrder, SpanOrder

Facts = Mapping[str, Any]
LINES_SHOWN = 20


@dataclass(frozen=True)
class ReadingRepairs:
    """Imports, and readings forgotten, excluded and put back, in one store."""

    store: Store
    clock: Clock
    importing: threading.Lock = field(default_factory=threading.Lock)

    def choices(self) -> Facts:
        """What a file may be said to be."""
        formats = [{"name": name, "title": layout.title} for name, layout in LAYOUTS.items()]
        return {"formats": formats, "energyUnits": list(ENERGY_UNITS), "powerUnits": list(POWER_UNITS)}

    def changes(self) -> list[Facts]:
        """The log of changes, newest first."""
        systems = {system.id: system for system in list_systems(self.store)}
        return [_change(each, systems.get(each.system_id)) for each in changes.listed(self.store)]

    def import_file(self, system_id: int, path: Path, order: FileOrder) -> Facts:
        """Import a file, or say what that would do. Raises BadInput."""
        system = self._system(system_id)
        source = ReadingsFile(path, options=self._options(system, order))
        said = bool(order.energy_unit or order.power_unit)
        asked = ImportRequest(order.name, order.made_by, order.replaces, said)
        with self._alone(), _named(path, order.name):
            done = (preview_file if order.is_dry_run else import_file)(self.store, system, source, asked)
        counts = done.counts if isinstance(done, Preview) else done
        found = source.findings
        lines = sorted([*found.bad, *found.doubtful], key=_place)[:LINES_SHOWN]
        return {
            **_counts(counts),
            "bad": found.bad_count,
            "leftOut": found.doubtful_count,
            "lines": list(map(_line, lines)),
            "notes": found.notes,
            "said": {
                "lines": [parts_of(each.reason) for each in lines],
                "notes": list(map(parts_of, found.notes)),
            },
            **(_preview(done, zone_of(system)) if isinstance(done, Preview) else {}),
        }

    def undo(self, change_id: int, made_by: str) -> Facts:
        """Take a change back. Raises BadInput."""
        change = repair.undo(self.store, change_id, made_by)
        return _change(change, get_system(self.store, change.system_id))

    def take_out(self, system_id: int, order: SpanOrder) -> Facts:
        """Forget or exclude the readings of a span, or count them. Raises BadInput."""
        system = self._system(system_id)
        zone = zone_of(system)
        from_at, to_at = read_span(order.first, order.last, zone)
        if order.is_dry_run:
            there = repair.standing(self.store, system_id, from_at, to_at)
            return {"readings": there.readings, **_span(there.first_at, there.last_at, zone)}
        entry = ChangeEntry(order.kind, order.reason, order.made_by, from_at, to_at, order.columns)
        return _change(repair.take_out(self.store, system_id, entry), system)

    def _options(self, system: System, order: FileOrder) -> Options:
        now_at = self.clock.now_at()
        if order.layout not in ("auto", *LAYOUTS):
            raise BadInput(
                sentence("no format is called {name}", name=repr(order.layout)),
                hint=sentence("Known: {names}.", names=", ".join(LAYOUTS)),
            )
        for unit, known in ((order.energy_unit, ENERGY_UNITS), (order.power_unit, POWER_UNITS)):
            if unit and unit not in known:
                raise BadInput(
                    sentence("no unit is called {name}", name=repr(unit)),
                    hint=sentence("Known: {names}.", names=", ".join(known)),
                )
        return Options(
            layout=order.layout,
            columns=read_maps(tuple(order.maps)),
            zone=read_zone(order.zone, now_at) if order.zone else None,
            usual_zone=zone_of(system),
            energy_unit=order.energy_unit or None,
            power_unit=order.power_unit or None,
            date_order=order.date_order or None,
            encoding=order.encoding or None,
            latest_at=soon_at(now_at),
            day=day_named(order.name),
        )

    def _system(self, system_id: int) -> System:
        system = get_system(self.store, system_id)
        if system is None:
            raise BadInput(sentence("there is no system {system_id}", system_id=str(system_id)))
        return system

    @contextmanager
    def _alone(self) -> Iterator[None]:
        if not self.importing.acquire(blocking=False):
            raise BadInput(
                sentence("another file is being imported"),
                hint=sentence("Wait until it is done, then try again."),
            )
        try:
            yield
        finally:
            self.importing.release()


@contextmanager
def _named(path: Path, name: str) -> Iterator[None]:
    """Errors name the file as whoever sent it calls it."""
    try:
        yield
    except BadInput as error:
        raise BadInput(renamed(said(error), str(path), name), hint=error.hint) from error


def _counts(done: Imported) -> Facts:
    counted = asdict(replace(done, change_id=None))
    kept = {name: counted[name] for name in ("offered", "new", "replaced", "excluded")}
    return {**kept, "change": done.change_id}


def _preview(shown: Preview, zone: Zone) -> Facts:
    rows = [
        {
            "time": zone.iso(row[0] or 0),
            "values": {
                column_of(name): value
                for name, value in zip(FIELDS[2:], row[2:], strict=True)
                if value is not None
            },
        }
        for row in shown.rows
    ]
    return {**_span(shown.first_at, shown.last_at, zone), "rows": rows}


def _span(first_at: int | None, last_at: int | None, zone: Zone) -> Facts:
    first, last = (None if at is None else zone.iso(at) for at in (first_at, last_at))
    return {"first": first, "last": last}


def _line(problem: LineProblem) -> Facts:
    return {"line": problem.line, "reason": problem.reason}


def _place(problem: LineProblem) -> int:
    return problem.line


def _change(change: Change, system: System | None) -> Facts:
    zone = zone_of(system) if system else Zone(0)
    return {
        "id": change.id,
        "systemId": change.system_id,
        "system": system.display_name if system else None,
        "kind": change.kind,
        "source": change.source,
        "by": change.made_by,
        "at": change.began_at,
        "isFinished": change.ended_at is not None,
        "columns": list(change.fields),
        "added": change.added,
        "setAside": change.set_aside,
        "undoneAt": change.undone_at,
        "undoneBy": change.undone_by,
        **_span(change.first_at, change.last_at, zone),
    }
