"""Taking over the database of an older LiveOne: read, copied, proven, put in place.

Rule: the old file is only ever read. The copy counts when it was checked, hashed, opened and counted; a
database that is in the place already is kept, and one that holds anything is never replaced.
"""

import tempfile
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from liveone.errors import BadInput
from liveone.migrations.shipped import pending
from liveone.store import backup, readings, systems
from liveone.store.leftovers import Leftovers, leftovers
from liveone.store.store import Store, open_store


@dataclass(frozen=True, slots=True)
class Adopted:
    """What was taken over. ``newest_day`` is the UTC day of the newest reading, empty where there is none.

    ``owners`` are the old user ids of generation 0 and 1: `liveone upgrade` asks for an account id of each.
    """

    source: Path
    path: Path
    generation: int
    size_bytes: int
    systems: int
    readings: int
    newest_day: str
    owners: tuple[str, ...]
    pending: tuple[str, ...]
    replaced: Path | None
    leftovers: Leftovers

    @property
    def next_step(self) -> str:
        """The command that brings it to the newest generation."""
        words = [f"--set owner.{owner}=ACCOUNT_ID" for owner in self.owners]
        return " ".join(["liveone upgrade", *words, *filter(None, [self.leftovers.keeping])])


def adopt(old: Path, target: Path, now_at: float) -> Adopted:
    """Make a verified copy of ``old`` the database at ``target``.

    Raises Foreign with the exact difference for a database of no known generation, Unavailable or Corrupt for
    one that cannot be read, BadInput where ``target`` holds something, Busy while a program has it open. Then
    nothing was changed.
    """
    if old.exists() and target.exists() and old.samefile(target):
        raise BadInput(f"{old} is the configured database already", hint="See `liveone schema status`.")
    with closing(open_store(old, served=False)):
        pass
    if target.exists():
        _refuse_used(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".adopting-", dir=target.parent) as folder:
        copy = backup.backup(old, Path(folder), now_at)
        put = backup.restore(copy.path, target, now_at)
    with closing(open_store(target, served=False)) as store:
        return _described(store, old, target, put)


def _refuse_used(target: Path) -> None:
    with closing(open_store(target, served=False)) as store:
        if systems.list_systems(store) or readings.newest_at(store):
            raise BadInput(
                f"{target} holds systems or readings already; it was left as it is",
                hint="Name another file under [database] url in the settings, and adopt again.",
            )


def _described(store: Store, old: Path, target: Path, put: backup.RestoreReport) -> Adopted:
    found = systems.list_systems(store)
    newest_at = max(readings.newest_at(store).values(), default=None)
    owners = {system.owner for system in found if system.owner} if store.generation <= 1 else set()
    return Adopted(
        source=old,
        path=target,
        generation=store.generation,
        size_bytes=target.stat().st_size,
        systems=len(found),
        readings=put.rows.get("readings", 0),
        newest_day=datetime.fromtimestamp(newest_at, UTC).date().isoformat() if newest_at else "",
        owners=tuple(sorted(owners)),
        pending=tuple(plan.name for plan in pending(store.shape)),
        replaced=put.replaced,
        leftovers=leftovers(store),
    )
