"""What the administrator's page has done: systems found, tested and added; the ledger of migrations.

Rule: nothing here destroys, and what fails says where. changeover is imported by the call that needs it: it
takes a tenth of the start.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from liveone.clock import Clock
from liveone.domain.system import FROM_SOURCES, IMPORT_ONLY, SystemInfo
from liveone.domain.zones import Zone
from liveone.errors import BadInput, sentence
from liveone.migrations import shipped
from liveone.store import systems
from liveone.store.database import Unavailable
from liveone.store.store import Store
from liveone.vendors.base import CheckStep, Vendor, site_name

if TYPE_CHECKING:
    from changeover.database.ledger import LedgerEntry
    from changeover.database.where import Database
    from changeover.run.state_dir import StateDir

RUN_ID = re.compile(r"[0-9]{4,}-[0-9]{8}-[0-9]{6}")
Facts = Mapping[str, Any]


class ConfiguredAccount(Protocol):
    """A configured account."""

    @property
    def name(self) -> str: ...

    @property
    def type(self) -> str: ...


class Vendors(Protocol):
    """The book of accounts."""

    def named(self, name: str) -> Vendor: ...

    def account_for(self, vendor_type: str, site: str) -> Any: ...


@dataclass(frozen=True)
class AdminService:
    """``migrated`` is the database as changeover opens it, and the folder of its runs."""

    store: Store
    clock: Clock
    vendors: Vendors
    account_list: Sequence[ConfiguredAccount]
    migrated: Callable[[], "tuple[Database, StateDir]"]

    def accounts(self) -> list[Facts]:
        return [{"name": one.name, "vendorType": one.type} for one in self.account_list]

    def discover(self, account: str) -> list[Facts]:
        return [
            {"vendorType": site.vendor_type, "vendorSiteId": site.vendor_site_id, "name": site.name}
            for site in self.vendors.named(account).discover()
        ]

    def check(self, vendor_type: str, vendor_site_id: str) -> Iterator[Facts]:
        vendor = self._vendor(vendor_type, vendor_site_id)
        return map(step_facts, vendor.check(vendor_site_id, now_at=self.clock.now_at()))

    def add(self, vendor_type: str, vendor_site_id: str, name: str, zone: Zone, *, owner: str | None) -> int:
        vendor = (
            None if vendor_type in (IMPORT_ONLY, FROM_SOURCES) else self._vendor(vendor_type, vendor_site_id)
        )
        return systems.add_system(
            self.store,
            owner=owner,
            vendor_type=vendor_type,
            vendor_site_id=vendor_site_id,
            display_name=name or (site_name(vendor, vendor_site_id) if vendor else vendor_type),
            timezone_offset_min=zone.offset_min,
            time_zone=zone.name,
            info=vendor.describe(vendor_site_id) if vendor else SystemInfo(),
        ).id

    def ledger(self) -> Facts:
        from changeover.database import ledger
        from changeover.database.connect import opened
        from changeover.errors import ChangeoverError

        database, state = self.migrated()
        standing = shipped.status(self.store.database)
        try:
            with opened(database, read_only=True) as connection:
                found = ledger.entries(connection)
        except ChangeoverError as error:
            raise Unavailable(error.message, hint=error.hint) from error
        return {
            "generation": standing.generation,
            "newest": standing.newest,
            "inSync": standing.in_sync,
            "pending": list(standing.pending),
            "entries": [_entry(one) for one in reversed(found)],
            "runs": [_run(state, run_id) for run_id in reversed(state.run_ids())],
        }

    def report_file(self, run_id: str, kind: Literal["md", "html"]) -> Path:
        _, state = self.migrated()
        path = state.run(run_id) / f"report.{kind}"
        if not RUN_ID.fullmatch(run_id) or not path.is_file():
            raise BadInput(
                sentence("there is no report of a run {run_id}", run_id=repr(run_id)),
                hint=sentence("The page lists those there are."),
            )
        return path

    def _vendor(self, vendor_type: str, vendor_site_id: str) -> Vendor:
        return self.vendors.named(self.vendors.account_for(vendor_type, vendor_site_id).name)


def step_facts(step: CheckStep) -> Facts:
    """A step of a connection test as the page gets it."""
    sample = step.reading
    powers = sample and {
        "solarW": sample.solar_w,
        "loadW": sample.load_w,
        "batteryW": sample.battery_w,
        "gridW": sample.grid_w,
        "soc": sample.battery_soc_pct,
    }
    roles = list(step.roles)
    return {"name": step.name, "ok": step.ok, "detail": step.detail, "powers": powers, "roles": roles}


def _entry(one: "LedgerEntry") -> Facts:
    return {
        "runId": one.run_id,
        "action": one.action,
        "direction": one.direction.value,
        "at": one.started_at,
        "who": one.who,
        "frozenMs": one.frozen_ms,
        "rows": one.rows_changed,
    }


def _run(state: "StateDir", run_id: str) -> Facts:
    folder = state.run(run_id)
    return {
        "runId": run_id,
        "reports": [kind for kind in ("md", "html") if (folder / f"report.{kind}").is_file()],
    }
