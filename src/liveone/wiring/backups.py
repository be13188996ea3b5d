"""The backups of an installation: where they go, how one is made, and the schedule that makes them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from liveone.clock import Clock
from liveone.database.backup_copies import copies_to
from liveone.database.backup_rotation import BackupRotation
from liveone.database.backup_schedule import BackupSchedule
from liveone.database.backup_service import BackupFolder, Make
from liveone.database.open import only_reads
from liveone.settings.config import Config
from liveone.store import backup
from liveone.store.backup import BackupReport
from liveone.store.store import Store


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
    kept = config.backup
    if not kept.every_h or config.serve.role == "web" or only_reads(config):
        yield
        return
    schedule = BackupSchedule(
        backups=backup_folder(config, store, clock),
        clock=clock,
        every_s=kept.every_h * 3600.0,
        rotation=BackupRotation(kept.keep_daily, kept.keep_weekly, kept.keep_monthly),
        copies=copies_to(kept.copy_to, config.folder),
    )
    with schedule.running():
        yield


def _maker(config: Config, store: Store) -> Make:
    def of_server(folder: Path, at: float) -> BackupReport:
        from liveone.transfer.server_backup import backup_server  # takes a tenth of a start

        return backup_server(store.database, folder, at)

    if config.is_server:
        return of_server
    return lambda folder, at: backup.backup(config.database_path, folder, at)
