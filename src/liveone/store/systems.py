"""Systems: who owns them, what they are called, who may see them - in every generation."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import astuple

from liveone.domain.system import IMPORT_ONLY, System, SystemInfo, checked_name
from liveone.domain.zones import Zone, zone_of
from liveone.errors import BadInput, sentence
from liveone.store import changes
from liveone.store.database import BulkInsert, CannotHold, Row, SchemaChanged, Value, WriteResult
from liveone.store.point_removal import remove_all_values
from liveone.store.rezone import reopening
from liveone.store.store import Query, Store

REMOVE_ROWS = 20_000
"""Readings removed in one transaction, so that no other writer waits long."""

GENERATION_1_VENDOR = "select.live"


def list_systems(store: Store) -> list[System]:
    """All systems, by id."""
    return [_system(row) for row in store.read("systems_list")]


def get_system(store: Store, system_id: int) -> System | None:
    """One system, None when there is none of that id (beyond 64 bits there cannot be)."""
    if not -(2**63) <= system_id < 2**63:
        return None
    rows = store.read("systems_get", system_id)
    return _system(rows[0]) if rows else None


def some_systems(store: Store, system_ids: Iterable[int]) -> list[System]:
    """Those systems of the given ids that there are."""
    return [_system(row) for row in store.read("systems_some", json.dumps(sorted(system_ids)))]


def systems_of(store: Store, account_id: str) -> list[System]:
    """The systems an account owns or was given a role on, by id."""
    return [_system(row) for row in store.read("systems_of", account_id)]


def role_of(store: Store, account_id: str, system_id: int) -> str | None:
    """``owner``, the role the account was given (``viewer``, ...), or None: it must not see the system."""
    rows = store.read("systems_role", account_id, system_id)
    return str(rows[0][0]) if rows else None


def add_system(
    store: Store,
    *,
    owner: str | None,
    vendor_type: str,
    vendor_site_id: str,
    display_name: str,
    timezone_offset_min: int,
    time_zone: str | None = None,
    info: SystemInfo | None = None,
) -> System:
    """Add a system; one without a site at a vendor is told apart by its name. Without a name it is called
    after its site.

    Raises BadInput when its site is there already or its name is none (``checked_name``), CannotHold when
    the database has no room for it (generation 1: another vendor, no owner, an offset that is not whole
    hours; a time zone).
    """
    Zone(timezone_offset_min, time_zone)
    if store.generation == 1:
        _refuse_for_generation_1(store, owner, vendor_type, timezone_offset_min)
    hardware = astuple(info or SystemInfo())
    name = checked_name(display_name or f"System {vendor_site_id}")
    values: tuple[Value, ...] = (
        *(owner, vendor_type, vendor_site_id or name, name, timezone_offset_min),
        *hardware,
    )
    adding = Query("systems_add_zoned", (*values, time_zone)) if time_zone else Query("systems_add", values)
    (result,) = _write_zone(store, [adding], time_zone)
    if not result.rows:
        raise BadInput(
            sentence(
                "site {name} of {vendor_type} is already there",
                name=vendor_site_id or name,
                vendor_type=vendor_type,
            ),
            hint=sentence(
                "See `liveone systems list`; one site is one system, and one without a site is its name."
            ),
        )
    added = get_system(store, int(result.rows[0][0]))  # type: ignore[arg-type]
    assert added is not None
    return added


def edit_system(
    store: Store,
    system_id: int,
    *,
    display_name: str,
    timezone_offset_min: int,
    time_zone: str | None = None,
) -> System:
    """Call a system otherwise, or count its days in another zone: those it changes are re-opened.

    Raises BadInput for a system that is not there or a zone that is none, CannotHold for an offset or a time
    zone that the database cannot keep.
    """
    Zone(timezone_offset_min)
    present = get_system(store, system_id)
    if store.generation == 1 and timezone_offset_min % 60:
        raise CannotHold(
            sentence(
                "database {label} is of generation 1, which holds only offsets of whole hours",
                label=store.database.label,
            ),
            hint=sentence("Run `liveone upgrade` first."),
        )
    if present is None:
        raise BadInput(
            sentence("there is no system {system_id}", system_id=str(system_id)),
            hint=sentence("See `liveone systems list`."),
        )
    steps = [Query("systems_edit", (system_id, display_name, timezone_offset_min))]
    if time_zone != present.time_zone:
        steps.append(Query("systems_set_zone", (system_id, time_zone)))
    if (timezone_offset_min, time_zone) != (present.timezone_offset_min, present.time_zone):
        steps += reopening(store, system_id, zone_of(present), Zone(timezone_offset_min, time_zone))
        if store.shape.keeps_points:
            steps.append(Query("point_days_reopen_all", (system_id,)))
    _write_zone(store, steps, time_zone)
    edited = get_system(store, system_id)
    assert edited is not None
    return edited


def set_active(store: Store, system_id: int, active: bool) -> None:
    """Switch polling of a system on or off. Raises BadInput for one that has no vendor to ask."""
    system = get_system(store, system_id)
    if active and system is not None and system.is_import_only:
        raise BadInput(
            sentence("{display_name} has no vendor to ask", display_name=system.display_name),
            hint=sentence("Its readings are imported: liveone import."),
        )
    store.write([Query("polling_set_active", (system_id, int(active)))])


def count_rows(store: Store, system_id: int) -> dict[str, int]:
    """How many rows belong to a system, by table: what ``remove_system`` would take away."""
    names = ("readings", "readings_agg_5m", "readings_agg_1d", "polling_status", "user_systems")
    (row,) = store.read("systems_counts", system_id)
    return {name: int(number) for name, number in zip(names, row, strict=True)}  # type: ignore[arg-type]


def remove_system(store: Store, system_id: int) -> dict[str, int]:
    """Remove a system with all it measured; returns how many rows went, by table.

    Works in short transactions, and may be repeated when it was interrupted. Raises BadInput when
    there is no such system.
    """
    if get_system(store, system_id) is None:
        raise BadInput(
            sentence("there is no system {system_id}", system_id=str(system_id)),
            hint=sentence("See `liveone systems list`."),
        )
    going = count_rows(store, system_id)
    remove_all_values(store, system_id)
    while store.write([Query("systems_remove_readings", (system_id, REMOVE_ROWS))])[0].changes:
        pass
    names = ("systems_remove_5m", "systems_remove_days", "systems_remove")
    steps: list[Query | BulkInsert] = [Query(name, (system_id,)) for name in names]
    if store.shape.keeps_accounts:
        steps.append(Query("credentials_end_system", (system_id,)))
    steps += changes.dropping(store, system_id)
    store.write(steps)
    return going


def _system(row: Row) -> System:
    is_polled = bool(row[-1]) and row[2] != IMPORT_ONLY
    return System(*(*row[:-1], is_polled))  # type: ignore[arg-type]


def _write_zone(store: Store, steps: Sequence[Query], time_zone: str | None) -> list[WriteResult]:
    """Write what may name the column ``time_zone``. Raises CannotHold where the database has none."""
    try:
        return store.write(steps)
    except SchemaChanged as error:
        if store.keeps_zones or time_zone is None:
            raise
        raise CannotHold(
            sentence(
                "database {label} cannot keep the time zone {time_zone} yet",
                label=store.database.label,
                time_zone=time_zone,
            ),
            hint=sentence("Run `liveone upgrade` first, or give the offset of standard time: +10:00."),
        ) from error


def _refuse_for_generation_1(store: Store, owner: str | None, vendor_type: str, offset_min: int) -> None:
    reasons = []
    if vendor_type != GENERATION_1_VENDOR:
        reasons.append(f"only {GENERATION_1_VENDOR} systems, not {vendor_type}")
    if not owner:
        reasons.append("only systems that have an owner")
    if offset_min % 60:
        reasons.append(f"only offsets of whole hours, not {offset_min} minutes")
    if reasons:
        raise CannotHold(
            f"database {store.database.label} is of generation 1, which holds {' and '.join(reasons)}",
            hint=sentence("Run `liveone upgrade` first."),
        )
