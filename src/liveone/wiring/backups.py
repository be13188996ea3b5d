"""The backups of an installation: where they go, how one is made, and the schedule that makes them."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from changeover.errors import ChangeoverError
from liveone.clock import Clock
from liveone.database.backup_copies import copies_to
from liveone.database.backup_rotation import BackupRotation
from liveone.database.backup_schedule import BackupSchedule
from liveone.database.backup_service import BackupFolder, Make
from liveone.database.open import only_reads
from liveone.migrations import copies, run
from liveone.settings.config import Config
from liveone.store import backup
from liveone.store.backup import BackupReport
from liveone.store.store import Store

DAY_S = 86_400
log = logging.getLogger(__name__)


def backup_folder(config: Config, store: Store, clock: Clock) -> BackupFolder:
    """The folder of backups, as the administrator's page and the schedule have it."""
    return BackupFolder(
        store=store,
        clock=clock,
        folder=config.backups_path,
        make=_maker(config, store),
        database_path=None if config.is_server else config.database_path,
        every_s=config.backup.every_h * 3600.0,
    )


@contextmanager
def scheduled_backups(config: Config, store: Store, clock: Clock) -> Iterator[None]:
    """Backups are made on time while inside; by who polls, and not where the token only reads."""
    if not config.backup.every_h or config.serve.role == "web" or only_reads(config):
        yield
        return
    with schedule_of(config, store, clock).running():
        yield


def schedule_of(config: Config, store: Store, clock: Clock) -> BackupSchedule:
    """The schedule that the settings ask for."""
    kept = config.backup
    return BackupSchedule(
        backups=backup_folder(config, store, clock),
        clock=clock,
        every_s=kept.every_h * 3600.0,
        rotation=BackupRotation(kept.keep_daily, kept.keep_weekly, kept.keep_monthly),
        copies=copies_to(kept.copy_to, config.folder),
        after_each=lambda now_at: drop_copies_of_upgrades(config, now_at),
    )


def drop_copies_of_upgrades(config: Config, now_at: float) -> None:
    """Those that `[backup] keep_upgrades_days` no longer keeps. What cannot be read or dropped is logged: the
    backup that was just made is good all the same."""
    days = config.backup.keep_upgrades_days
    if not days:
        return
    try:
        for path in copies.drop_older(run.state_of(config), now_at - days * DAY_S):
            log.info("dropped %s, a copy that an upgrade made more than %d days ago", path, days)
    except (ChangeoverError, OSError) as error:
        log.error("copies of upgrades could not be dropped: %s", error)


def _maker(config: Config, store: Store) -> Make:
    def of_server(folder: Path, at: float) -> BackupReport:
        from liveone.transfer.server_backup import backup_server  # takes a tenth of a start

        return backup_server(store.database, folder, at)

    if config.is_server:
        return of_server
    return lambda folder, at: backup.backup(config.database_path, folder, at)
