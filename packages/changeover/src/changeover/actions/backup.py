"""The backup before anything is changed: where it goes, and what is recorded of it."""

from pathlib import Path

from changeover.actions.context import ActionContext, ActionResult
from changeover.database.backup import backup as backups
from changeover.words import megabytes


def folder_of(context: ActionContext) -> Path:
    """The folder for backups: the plan's ``backups:``, or where the database, or its state, lies."""
    if context.plan.backups is None:
        return context.backup_dir
    return Path(context.values.expand(context.plan.backups))


def back_up(context: ActionContext) -> ActionResult:
    """Copy the database, prove the copy, say where it is."""

    def tell(phase: str, done: int, total: int, left_s: float | None) -> None:
        context.progress(done / total if total else None, left_s, f"{phase} {megabytes(done)}")

    folder = folder_of(context)
    done = backups.backup(context.database, folder, label=context.run_id, progress=tell, hook=context.hook)
    return ActionResult(
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
