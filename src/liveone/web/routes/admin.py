"""What administrators see: all systems with their polling, accounts, storage."""

from typing import Any

from fastapi import APIRouter, Request, Response

from liveone.domain import freshness
from liveone.domain.system import System
from liveone.domain.zones import zone_of
from liveone.store import leases, polling, readings, storage, systems
from liveone.web.answers import answer
from liveone.web.auth.access import AllowedCaller, ServicesDep, gate_of
from liveone.web.auth.before_body import AskedFirst
from liveone.web.history import original
from liveone.web.now.data import identity, polling_json
from liveone.web.now.readings_json import iso_or_none
from liveone.web.numbers import rounded
from liveone.web.openapi.models import DONE

router = APIRouter(route_class=AskedFirst, prefix="/api/admin", tags=["admin"])


@router.get("/systems", summary="Every system with its polling", responses=DONE)
def all_systems(request: Request, _: AllowedCaller, services: ServicesDep) -> Response:
    """Owner, newest reading, freshness and polling status of every system."""
    store, now_at = services.store, services.clock.now_at()
    statuses, newest = polling.statuses(store), readings.latest_many(store, now_at)
    people = gate_of(request).snapshot.accounts
    rows, every = [], systems.list_systems(store)
    holders = leases.holders(store, {system.id for system in every if system.is_active}, now_at)
    for system in every:
        zone, reading = zone_of(system), newest.get(system.id)
        received_at = reading.received_time if reading else None
        rows.append(
            {
                "id": system.id,
                **identity(system, zone),
                "lastReadingTime": iso_or_none(zone, reading.inverter_time if reading else None),
                "freshness": freshness.of(received_at, now_at, services.cadence_s),
                "polling": polling_json(system, statuses.get(system.id), zone)
                | _polled(holders, system)
                | original.polls(statuses.get(system.id)),
                **original.system_row(system, people.get(system.owner or ""), reading, zone=zone),
            }
        )
    return answer({"success": True, "systems": rows, "totalSystems": len(rows), **_at(now_at)})


@router.get("/users", summary="Accounts", responses=DONE)
def users(request: Request, _: AllowedCaller, services: ServicesDep) -> Response:
    """Accounts and the systems they see. In single-owner mode there are none; the owner sees everything."""
    found = gate_of(request).snapshot
    rows = [
        {
            "id": user.id,
            "email": user.email,
            "isAdmin": user.is_admin,
            "name": user.name,
            "isDisabled": user.is_disabled,
            "tokens": len(found.of(user.id, "token")),
            "sessions": len(found.of(user.id, "session")),
            **original.account_row(
                user,
                [
                    (system, systems.role_of(services.store, user.id, system.id))
                    for system in systems.systems_of(services.store, user.id)
                ],
            ),
        }
        for user in found.accounts.values()
    ]
    owner, now = bool(services.auth.auth_password), _at(services.clock.now_at())
    return answer(
        {
            "success": True,
            "singleOwner": owner,
            "inDatabase": found.are_kept,
            "users": rows,
            "totalUsers": len(rows),
            **now,
        }
    )


@router.get("/storage", summary="What the database holds", responses=DONE)
def storage_of(_: AllowedCaller, services: ServicesDep) -> Response:
    """Sizes in bytes, rows a table, bytes a reading."""
    found = storage.storage(services.store)
    on_server = "://" in services.store.database.label
    return answer(
        {
            "success": True,
            "generation": found.generation,
            "fileBytes": found.file_bytes,
            "walBytes": found.wal_bytes,
            "freeBytes": found.free_bytes,
            "rows": found.rows,
            "bytesPerReading": rounded(found.bytes_per_reading),
            "database": original.database(
                found, on_server=on_server, reach=readings.oldest_and_newest_at(services.store)
            ),
        }
    )


def _at(now_at: float) -> dict[str, str]:
    return {"timestamp": original.UTC.iso(now_at)}


def _polled(holders: dict[int, leases.LeaseHolder], system: System) -> dict[str, Any]:
    """Which process polls a system, for how long already (s), and how long ago it showed itself (null for one
    that polls alone); all null where none does."""
    holder = holders.get(system.id)
    if holder is None:
        return {"by": None, "byForS": None, "bySeenS": None}
    seen_s = None if holder.seen_s is None else max(0, round(holder.seen_s))
    return {"by": holder.name, "byForS": round(holder.since_s), "bySeenS": seen_s}
