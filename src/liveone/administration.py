"""What the administrator's page has done: systems found and added, backups, the ledger of migrations.

Rule: nothing here destroys. A restore first makes a proven backup of what it is about to replace.
changeover is imported by the call that needs it: it takes a tenth of the start.
"""

import re
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from liveone import schema
from liveone.clock import Clock
from liveone.domain.zones import Zone
from liveone.errors import BadInput
from liveone.store import backup, systems
from liveone.store.database import Unavailable
from liveone.store.sqlite_errors import translated
from liveone.store.store import Store
from liveone.vendors.base import Vendor

if TYPE_CHECKING:
    from changeover.database.ledger import Entry
    from changeover.folders import State

BACKUP_NAME = re.compile(r"backup-(\d{8}-\d{6})\.db")
RUN_ID = re.compile(r"[0-9]{4,}-[0-9]{8}-[0-9]{6}")
BUSY_MS = 10_000
Facts = Mapping[str, Any]


class Account(Protocol):
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
class Steward:
    """``database_path`` raises ConfigError where the database is a server: it has no backups here."""

    store: Store
    clock: Clock
    vendors: Vendors
    account_list: Sequence[Account]
    database_path: Callable[[], Path]
    backup_folder: Path

    def accounts(self) -> list[Facts]:
        return [{"name": one.name, "vendorType": one.type} for one in self.account_list]

    def discover(self, account: str) -> list[Facts]:
        return [
            {"vendorType": site.vendor_type, "vendorSiteId": site.vendor_site_id, "name": site.name}
            for site in self.vendors.named(account).discover()
        ]

    def check(self, vendor_type: str, vendor_site_id: str) -> list[Facts]:
        vendor = self._vendor(vendor_type, vendor_site_id)
        return [asdict(step) for step in vendor.check(vendor_site_id, now_at=self.clock.now_at())]

    def add(self, vendor_type: str, vendor_site_id: str, name: str, zone: Zone) -> int:
        info = self._vendor(vendor_type, vendor_site_id).describe(vendor_site_id)
        return systems.add_system(
            self.store,
            owner=None,
            vendor_type=vendor_type,
            vendor_site_id=vendor_site_id,
            display_name=name,
            timezone_offset_min=zone.offset_min,
            time_zone=zone.name,
            info=info,
        ).id

    def backups(self) -> list[Facts]:
        found = sorted(self.backup_folder.glob("backup-*.db"), reverse=True)
        return [
            {"name": path.name, "bytes": path.stat().st_size, "at": int(path.stat().st_mtime)}
            for path in found
            if BACKUP_NAME.fullmatch(path.name)
        ]

    def back_up(self) -> Facts:
        done = backup.backup(self.database_path(), self.backup_folder, self._unused_at())
        return {
            "name": done.path.name,
            "bytes": done.size_bytes,
            "sha256": done.sha256,
            "generation": done.generation,
            "rows": done.rows,
        }

    def backup_file(self, name: str) -> Path:
        path = self.backup_folder / name
        if not BACKUP_NAME.fullmatch(name) or not path.is_file():
            raise BadInput(f"there is no backup {name!r}", hint="The page lists those there are.")
        return path

    def restore(self, name: str) -> Facts:
        """Works on the database while it is in use: SQLite copies page by page within one transaction."""
        source, target = self.backup_file(name), self.database_path()
        sha256 = backup.prove(source)
        generation, rows = backup.contents(source)
        kept = self.back_up()
        _copy_into(source, target)
        self.store.detect_again()
        return {
            "name": name,
            "sha256": sha256,
            "generation": generation,
            "rows": rows,
            "keptAs": kept["name"],
        }

    def ledger(self) -> Facts:
        from changeover.database import ledger
        from changeover.folders import state_of

        path = self.database_path()
        standing = schema.status(self.store.database)
        try:
            with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
                found = ledger.entries(connection)
        except sqlite3.Error as error:
            raise translated(error, str(path)) from error
        state = state_of(path)
        return {
            "generation": standing.generation,
            "newest": standing.newest,
            "inSync": standing.in_sync,
            "pending": list(standing.pending),
            "entries": [_entry(one) for one in reversed(found)],
            "runs": [_run(state, run_id) for run_id in reversed(state.run_ids())],
        }

    def report_file(self, run_id: str, kind: Literal["md", "html"]) -> Path:
        from changeover.folders import state_of

        path = state_of(self.database_path()).run(run_id) / f"report.{kind}"
        if not RUN_ID.fullmatch(run_id) or not path.is_file():
            raise BadInput(f"there is no report of a run {run_id!r}", hint="The page lists those there are.")
        return path

    def _unused_at(self) -> float:
        """Now, or the next second after which no backup is named yet."""
        named = {one["name"] for one in self.backups()}
        now_at = self.clock.now_at()
        later = (now_at + seconds for seconds in range(len(named) + 1))
        return next(at for at in later if backup_name(at) not in named)

    def _vendor(self, vendor_type: str, vendor_site_id: str) -> Vendor:
        return self.vendors.named(self.vendors.account_for(vendor_type, vendor_site_id).name)


def backup_name(at: float) -> str:
    """What ``store.backup`` calls a backup that is made at ``at``."""
    return datetime.fromtimestamp(at, UTC).strftime("backup-%Y%m%d-%H%M%S.db")


def _copy_into(source: Path, target: Path) -> None:
    """Replace all content of ``target``, all or nothing, whoever has it open."""
    if not target.is_file():
        raise Unavailable(f"{target} is not there", hint="Use `liveone restore`, with LiveOne stopped.")
    try:
        with (
            closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as kept,
            closing(sqlite3.connect(target, isolation_level=None)) as live,
        ):
            live.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
            live.execute("PRAGMA synchronous = FULL")
            kept.backup(live, pages=-1)
            live.execute("PRAGMA journal_mode = WAL")
    except sqlite3.Error as error:
        raise translated(error, str(target)) from error


def _entry(one: "Entry") -> Facts:
    return {
        "runId": one.run_id,
        "action": one.action,
        "direction": one.direction.value,
        "at": one.started_at,
        "who": one.who,
        "frozenMs": one.frozen_ms,
        "rows": one.rows_changed,
    }


def _run(state: "State", run_id: str) -> Facts:
    folder = state.run(run_id)
    return {
        "runId": run_id,
        "reports": [kind for kind in ("md", "html") if (folder / f"report.{kind}").is_file()],
    }
