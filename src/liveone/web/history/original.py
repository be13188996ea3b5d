"""The fields of the original service under its own names, for its clients; they stand beside our fields.

Rule: an answer holds both sets, and no name means two things. ``rules`` has the differences of histories.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from liveone.accounts.users import Account
from liveone.domain.reading import Reading
from liveone.domain.system import System
from liveone.domain.zones import Zone
from liveone.store.polling import PollingStatus
from liveone.store.storage import Storage

UTC = Zone(0)
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
NO_DATA = "No data"
SYSTEM_ZONE = Zone(600)
"""The zone in which the original service counted days of all systems that ``/api/setup`` added."""


def signed_in(email: str, *, is_admin: bool) -> dict[str, str]:
    """``user`` of ``POST /api/auth/login``."""
    return {"email": email, "displayName": email, "role": "admin" if is_admin else "user"}


def person(user: Account | None, account: str | None) -> dict[str, str | None]:
    """``owner`` of a system; names that we do not store are null."""
    email = user.email if user else None
    return {"clerkId": account or "", "email": email, "userName": None, "firstName": None, "lastName": None}


def system_row(
    system: System, owner: Account | None, newest: Reading | None, *, zone: Zone
) -> dict[str, Any]:
    """Fields of a row of ``GET /api/admin/systems``."""
    return {
        "owner": person(owner, system.owner),
        "vendor": {"type": system.vendor_type, "siteId": system.vendor_site_id, "userId": None},
        "status": "active" if system.is_active else "disabled",
        "data": newest
        and {
            "solarPower": newest.solar_w,
            "loadPower": newest.load_w,
            "batteryPower": newest.battery_w,
            "batterySOC": newest.battery_soc_pct,
            "gridPower": newest.grid_w,
            "timestamp": zone.iso(newest.inverter_time),
        },
    }


def polls(status: PollingStatus | None) -> dict[str, int]:
    """The fields of ``polling`` in such a row."""
    total, good = (status.total_polls, status.successful_polls) if status else (0, 0)
    return {"failedPolls": total - good, "successRate": round(100 * good / total) if total else 0}


def account_row(user: Account, systems: Sequence[tuple[System, str | None]]) -> dict[str, Any]:
    """Fields of a row of ``GET /api/admin/users``; ``systems`` with the user's role."""
    return {
        "clerkUserId": user.id,
        "email": user.email,
        "firstName": None,
        "lastName": None,
        "isPlatformAdmin": user.is_admin,
        "systems": [linked(system, role) | {"systemId": system.id} for system, role in systems],
    }


def linked(system: System, role: str | None) -> dict[str, Any]:
    """A system of an account, with its role there."""
    return {
        "id": system.id,
        "vendorType": system.vendor_type,
        "vendorSiteId": system.vendor_site_id,
        "displayName": system.display_name,
        "role": role,
    }


def database(found: Storage, *, on_server: bool, reach: tuple[int | None, int | None]) -> dict[str, Any]:
    """``database`` of ``GET /api/admin/storage``.

    ``reach`` holds the times of the oldest and newest reading.
    """
    oldest_at, newest_at = reach
    return {
        "type": "production" if on_server else "development",
        "provider": "libSQL" if on_server else "SQLite",
        "stats": {
            "tables": len(found.rows),
            "totalReadings": found.rows["readings"],
            "oldestReading": _date(oldest_at),
            "newestReading": _date(newest_at),
        },
    }


def _date(at: int | None) -> str:
    """``18 Aug 2025``, in UTC."""
    if at is None:
        return NO_DATA
    year, month, day = UTC.date_of(at).split("-")
    return f"{day} {MONTHS[int(month) - 1]} {year}"


def tested(steps: Sequence[Mapping[str, Any]], now: str) -> dict[str, Any]:
    """The answer of ``POST /api/admin/test-connection``, from the steps of our own test made ``now``."""
    powers = next((step["powers"] for step in reversed(steps) if step["powers"]), None)
    failed = next((step for step in steps if not step["ok"]), None)
    answered: dict[str, Any] = {"success": failed is None, "timestamp": now, "steps": list(steps)}
    if failed:
        answered["error"] = f"{failed['name']}: {failed['detail']}"
    if powers:
        watts = {key: powers[key] for key in ("solarW", "loadW", "batteryW", "gridW")}
        answered["latest"] = {"timestamp": now, "power": watts, "soc": {"battery": powers["soc"]}}
    return answered
