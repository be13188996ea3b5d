"""`liveone doctor`: one screen that says what is well, what is not, and what to do about it."""

import shutil
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import click
import httpx2

from changeover.errors import ChangeoverError
from liveone.cli import upgrade_words
from liveone.cli.account_book import people_of
from liveone.cli.context import CommandContext, json_option, pass_shell, print_json, shown
from liveone.cli.systems import zone_advice
from liveone.clock import SystemClock
from liveone.database.backup_state import read_state
from liveone.database.open import open_store
from liveone.domain import freshness
from liveone.domain.bounds import soon_at
from liveone.domain.daylight import SHARE_MOST, night_share
from liveone.domain.reading import SOON_S
from liveone.domain.system import System
from liveone.domain.zones import is_known, zone_of
from liveone.errors import LiveOneError
from liveone.migrations import shipped
from liveone.migrations.copies import upgrade_copies
from liveone.migrations.run import state_of
from liveone.release import release
from liveone.sealing import CannotOpen
from liveone.settings.config import Config
from liveone.settings.sealing_keys import secret_box
from liveone.store import aggregates, day_rules, leases, polling, readings, systems
from liveone.store.generations import NEWEST
from liveone.store.leftovers import leftovers
from liveone.store.sealed import sealed_cells
from liveone.store.storage import storage
from liveone.store.store import Store
from liveone.wiring.configured_vendors import ConfiguredVendors, configured_vendors
from timed_http.certificates import trusted

FREE_BYTES_MIN = 1_000_000_000
BACKUP_AGE_MAX_S = 8 * 86_400
ASK_S = 3.0
FROZEN_WINDOW_S, SUN_WINDOW_S = 6 * 3600, 3 * 86_400
WEIGHED_ROWS_MIN = 5000
"""With fewer readings the empty tables are most of the file."""


@dataclass(frozen=True, slots=True)
class DoctorLine:
    """One line of the screen; ``advice`` says what to do when it is not well."""

    subject: str
    ok: bool
    says: str
    advice: str = ""


@click.command("doctor")
@json_option
@pass_shell
def doctor_command(shell: CommandContext, as_json: bool) -> None:
    """One screen: database, generation, disk, clock, each system's freshness - and what to do."""
    findings = list(examine(shell.config))
    if as_json:
        print_json({"ok": all(f.ok for f in findings), "findings": findings})
    else:
        click.echo(f"LiveOne {release()}")
        for finding in findings:
            show(finding)
    if not all(finding.ok for finding in findings):
        sys.exit(1)


def show(finding: DoctorLine) -> None:
    """One finding, its advice below it."""
    mark = click.style("ok  ", fg="green") if finding.ok else click.style("LOOK", fg="red", bold=True)
    click.echo(f"{mark} {shown(f'{finding.subject:<12} {finding.says}')}")
    if finding.advice and not finding.ok:
        click.echo(shown(f"     {'':<12} -> {finding.advice}"))


def examine(config: Config) -> Iterator[DoctorLine]:
    """Every finding, the ones that explain others first."""
    now_at = SystemClock().now_at()
    yield _settings(config)
    try:
        store = open_store(config)
    except LiveOneError as error:
        yield DoctorLine("database", False, str(error.args[0]), error.hint)
        yield _disk(config)
        return
    try:
        yield _database(store)
        yield _people(config, store)
        yield from _upgrade(store)
        yield from _leftovers(store)
        yield _disk(config)
        yield _backups(config, now_at)
        yield from _upgrade_copies(config, now_at)
        yield from _sealed(config, store)
        yield from _spool(config)
        yield from _served(config)
        yield from _clock(store, now_at)
        yield from _systems(config, store, now_at)
    finally:
        store.close()


def _settings(config: Config) -> DoctorLine:
    says = str(config.path) if config.path else "defaults and environment (no liveone.toml)"
    return DoctorLine("settings", True, says)


def _people(config: Config, store: Store) -> DoctorLine:
    """Who may come in."""
    found = people_of(config, store).refresh()
    password = config.secrets.auth_password
    if not found.accounts and not password:
        return DoctorLine("people", True, "nobody has a password: this machine only")
    counted = f"{len(found.accounts)} accounts, {len(found.administrators)} of them administrators"
    owner = "the owner by AUTH_PASSWORD" if password else ""
    return DoctorLine("people", True, ", ".join(filter(None, (owner, counted if found.accounts else ""))))


def _database(store: Store) -> DoctorLine:
    sizes = storage(store)
    rows, each = sizes.rows.get("readings", 0), sizes.bytes_per_reading
    text = f"generation {sizes.generation}, {sizes.file_bytes / 1e6:,.1f} MB, {rows:,} readings"
    weight = f", {each:.0f} bytes each" if each and rows >= WEIGHED_ROWS_MIN else ""
    return DoctorLine("database", True, f"{store.database.label}: {text}{weight}")


def _upgrade(store: Store) -> Iterator[DoctorLine]:
    plans = shipped.pending(store.shape)
    if plans:
        names = ", ".join(plan.name for plan in plans)
        says = f"generation {store.generation} is served as it is; shipped for it: {names}"
        yield DoctorLine("schema", False, says, "See what it would do: liveone upgrade --plan-only")


def _leftovers(store: Store) -> Iterator[DoctorLine]:
    """What older programs left; in a database of the newest generation it is in nobody's way."""
    found = leftovers(store)
    for subject, says, advice in upgrade_words.leftovers(found):
        yield DoctorLine(subject, store.generation == NEWEST, says, advice)
    if found.doubled_statuses:
        says = f"{found.doubled_statuses:,} polling states too many; the first of each system counts"
        yield DoctorLine("duplicates", True, says)


def _disk(config: Config) -> DoctorLine:
    folder = config.folder if config.is_server else config.database_path.parent
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    advice = "Make room: readings are kept for ever, and a backup needs as much again."
    return DoctorLine("disk", free >= FREE_BYTES_MIN, f"{free / 1e9:,.1f} GB free at {folder}", advice)


def _backups(config: Config, now_at: float) -> DoctorLine:
    state = read_state(config.backups_path)
    if state.error:
        text = f"the last scheduled one failed: {state.error}".replace("\n", " ")
        return DoctorLine("backup", False, text, "It is tried again every hour while LiveOne runs.")
    found = sorted(config.backups_path.glob("backup-*.db"))
    if not found:
        return DoctorLine(
            "backup", False, "there is none", "Make one: liveone backup (and copy it elsewhere)"
        )
    age_s = now_at - found[-1].stat().st_mtime
    says = f"{found[-1].name}, {age_s / 86_400:.1f} days old"
    if state.restored_at is not None:
        says += f"; one was put back on trial {(now_at - state.restored_at) / 86_400:.1f} days ago"
    most_s = max(BACKUP_AGE_MAX_S, 3600 * 2 * config.backup.every_h)
    return DoctorLine("backup", age_s <= most_s, says, "Make a new one: liveone backup")


def _upgrade_copies(config: Config, now_at: float) -> Iterator[DoctorLine]:
    """What `liveone upgrade` copied before it changed anything, and when it goes."""
    try:
        found = list(upgrade_copies(state_of(config)))
    except ChangeoverError as error:
        yield DoctorLine("upgrade copies", False, error.message, error.hint)
        return
    if not found:
        return
    days, size_mb = config.backup.keep_upgrades_days, sum(each.size_bytes for each in found) / 1e6
    oldest_days = (now_at - min(each.made_at for each in found)) / 86_400
    until = f"dropped after {days} days" if days else "kept for ever"
    if waiting := [each.run_id for each in found if not each.is_over]:
        until += f", but not before the run {waiting[0]} is over"
    says = f"{len(found)} ({size_mb:,.1f} MB), the oldest {oldest_days:.1f} days old; {until}"
    yield DoctorLine("upgrade copies", True, says)


def _sealed(config: Config, store: Store) -> Iterator[DoctorLine]:
    """Secrets that the database keeps, and whether each opens."""
    cells, box, refused = sealed_cells(store), secret_box(config), 0
    for cell in cells:
        try:
            box.open(cell.text)
        except CannotOpen as error:
            refused += 1
            says, advice = str(error.args[0]), error.hint
    if refused:
        yield DoctorLine("secrets", False, f"{refused} of {len(cells)} do not open: {says}", advice)
    elif cells:
        yield DoctorLine("secrets", True, f"{len(cells)}, sealed; keep the key apart from the backups")


def _spool(config: Config) -> Iterator[DoctorLine]:
    waiting = _bytes_of(config.spool_path, held=False)
    held = _bytes_of(config.spool_path, held=True)
    advice = "`liveone serve` writes it to the database as soon as that takes it."
    yield DoctorLine("spool", not waiting, f"{waiting:,} bytes wait for the database", advice)
    if held:
        says = f"{held:,} bytes of readings that this generation cannot hold"
        yield DoctorLine("held", False, says, "They are safe; a later generation takes them.")


def _served(config: Config) -> Iterator[DoctorLine]:
    """What the running server says of itself: only it knows what it holds in memory."""
    try:
        url = f"{config.server.local_url}/api/health"
        said = httpx2.get(url, timeout=ASK_S, trust_env=False, verify=trusted()).json()
        reasons = said.get("reasons") or [said["error"]] if said["status"] != "ok" else []
    except (httpx2.HTTPError, ValueError, KeyError, AttributeError, TypeError):
        return
    for reason in reasons:
        yield DoctorLine("server", False, shown(str(reason)[:300]), "Free the disk, or see the server's log.")


def _bytes_of(spool: Path, *, held: bool) -> int:
    found = [path for path in spool.rglob("*.jsonl") if ("held" in path.parts) is held]
    return sum(path.stat().st_size for path in found)


def _clock(store: Store, now_at: float) -> Iterator[DoctorLine]:
    """The machine's clock against when readings came, then each device's against the machine's."""
    received = [reading.received_time for reading in readings.latest_many(store, now_at).values()]
    ahead_s = max(received, default=0) - now_at
    if ahead_s > SOON_S:
        says = f"readings came {ahead_s:,.0f} s in this machine's future"
        yield DoctorLine("clock", False, says, "Set the clock: timedatectl set-ntp true")
    else:
        yield DoctorLine("clock", True, "no reading came in the future")
    for system_id, newest_at in readings.newest_at(store).items():
        if newest_at > soon_at(now_at):
            taken = f"{datetime.fromtimestamp(newest_at, UTC):%Y-%m-%d %H:%M} UTC"
            says = f"has a sample of {taken}, in this machine's future; it waits until then"
            advice = "Set the device's clock (SP LINK), or this machine's; an import may have brought it."
            yield DoctorLine(f"system {system_id}", False, says, advice)


def _systems(config: Config, store: Store, now_at: float) -> Iterator[DoctorLine]:
    book, found = configured_vendors(config, store, SystemClock()), systems.list_systems(store)
    newest, statuses = readings.latest_many(store, now_at), polling.statuses(store)
    yield from _pollers(store, found, now_at)
    for system in found:
        name = f"system {system.id}"
        if not system.is_active:
            how = "data by import only" if system.is_import_only else "paused"
            yield DoctorLine(name, True, f"{system.display_name}: {how}")
            continue
        at = newest[system.id].received_time if system.id in newest else None
        state = freshness.of(at, now_at, config.collect.cadence_s)
        age = f", newest reading {now_at - at:,.0f} s old" if at else ", no reading yet"
        status = statuses.get(system.id)
        error = status.last_error if status and status.consecutive_errors else None
        advice = (error or "Is `liveone serve` running?").replace("\n", " ")
        yield DoctorLine(name, state == "fresh", f"{system.display_name}: {state}{age}", advice)
        yield from _zone(system, name)
        yield from _daylight(store, system, name, int(now_at))
        yield from _account(book, system, name)
        yield from _frozen(store, system, name, int(now_at))
        if waiting := day_rules.waiting(store, system.id):
            yield DoctorLine(
                name, True, f"{waiting:,} days wait to be computed anew: `liveone serve` does it"
            )
    if not found:
        yield DoctorLine("systems", False, "none yet", "liveone systems discover, then liveone systems add")


def _zone(system: System, name: str) -> Iterator[DoctorLine]:
    if system.time_zone and not is_known(system.time_zone):
        says = f"time zone {system.time_zone} is not known here; its days are counted at {zone_of(system)}"
        advice = f"Update the package tzdata, or: liveone systems edit {system.id} --timezone NAME"
        yield DoctorLine(name, False, says, advice)


def _daylight(store: Store, system: System, name: str, now_at: int) -> Iterator[DoctorLine]:
    zone = zone_of(system)
    share = night_share(aggregates.five_minutes(store, system.id, now_at - SUN_WINDOW_S, now_at), zone)
    if share is not None and share > SHARE_MOST:
        says = f"{share:.0%} of its sunshine comes between 22:00 and 04:00 in {zone}"
        yield DoctorLine(
            name, False, says, f"Wrong time zone? {zone_advice(system.id)}. Or the device's clock is."
        )


def _pollers(store: Store, found: Sequence[System], now_at: float) -> Iterator[DoctorLine]:
    """Who polls how many of the systems."""
    active = {system.id for system in found if system.is_active}
    holders = leases.holders(store, active, now_at)
    shares = Counter(holder.name for holder in holders.values())
    for name, count in sorted(shares.items()):
        since_s = max(holder.since_s for holder in holders.values() if holder.name == name)
        yield DoctorLine(
            "poller", True, f"{name} polls {count} of {len(active)} systems, for {since_s:,.0f} s"
        )
    if active and not holders:
        advice = "Run `liveone serve`, or have a schedule call /api/cron/minutely."
        yield DoctorLine("poller", True, "no process polls by itself", advice)


def _account(book: ConfiguredVendors, system: System, name: str) -> Iterator[DoctorLine]:
    try:
        book.refuse_unserved(system)
    except LiveOneError as error:
        yield DoctorLine(name, False, str(error.args[0]), error.hint)


def _frozen(store: Store, system: System, name: str, now_at: int) -> Iterator[DoctorLine]:
    rows = aggregates.five_minutes(store, system.id, now_at - FROZEN_WINDOW_S, now_at)
    for counter in freshness.frozen_counters(rows):
        says = f"the counter {counter}_kwh_total stands still while energy flows"
        yield DoctorLine(
            name, False, says, "Look at the inverter; energies are estimated from power meanwhile."
        )
