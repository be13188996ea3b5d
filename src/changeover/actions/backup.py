"""The backup before anything is changed: where it goes, and what is recorded of it."""

import time
from datetime import UTC, datetime
from pathlib import Path

from changeover.actions.scene import Result, Scene
from changeover.database import backup as backups
from changeover.database.space import megabytes


def folder_of(scene: Scene) -> Path:
    """The folder for backups: the plan's ``backups:``, or where the database, or its state, lies."""
    if scene.plan.backups is None:
        return scene.home
    return Path(scene.values.expand(scene.plan.backups))


def back_up(scene: Scene) -> Result:
    """Copy the database, prove the copy, say where it is."""

    def tell(phase: str, done: int, total: int, left_s: float | None) -> None:
        scene.progress(done / total if total else None, left_s, f"{phase} {megabytes(done)}")

    folder = folder_of(scene)
    _await_free_name(folder, scene)
    done = backups.backup(scene.database, folder, now_at=int(scene.now_at()), progress=tell, hook=scene.hook)
    return Result(
        f"{done.path} ({megabytes(done.bytes)}, {done.mb_per_s:,.0f} MB/s)",
        {
            "path": str(done.path),
            "bytes": done.bytes,
            "sha256": done.sha256,
            "copy_s": round(done.copy_s, 3),
            "check_s": round(done.check_s, 3),
            "tables": done.tables,
        },
    )


def _await_free_name(folder: Path, scene: Scene) -> None:
    """A backup is named by its second; one that a killed runner made in this very second is left alone."""
    for _ in range(30):
        stamp = f"{datetime.fromtimestamp(int(scene.now_at()), UTC):%Y%m%d-%H%M%S}"
        if not (folder / f"backup-{stamp}.db").exists():
            return
        time.sleep(0.05)
