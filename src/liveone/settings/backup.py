"""Settings of the backups that LiveOne makes by itself: `[backup]`."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BackupConfig:
    """Backups that ``serve`` makes every ``every_h`` hours (0: none) into ``folder``; how many days,
    weeks and months keep their newest. ``copy_to`` is a folder, ``sftp://...`` or ``s3://...``.
    Copies that ``liveone upgrade`` made stay for ``keep_upgrades_days`` (0: for ever)."""

    every_h: int = 24
    keep_daily: int = 3
    keep_weekly: int = 2
    keep_monthly: int = 3
    keep_upgrades_days: int = 90
    folder: str = "backups"
    copy_to: str = ""
