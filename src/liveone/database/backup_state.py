"""What the schedule of backups has done so far, in a file beside them."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson

from liveone.settings.private_file import replace_private

STATE_NAME = "schedule.json"


@dataclass(frozen=True, slots=True)
class ScheduleState:
    """What the schedule has done, instants in UTC epoch seconds: ``made`` are the names of its backups,
    ``tried_at`` when it tried last and ``error`` why that failed (empty: it did not), ``restored_at`` when a
    backup was last put back on trial. ``copied`` are those that have their copy elsewhere.
    """

    made: tuple[str, ...] = ()
    tried_at: int | None = None
    error: str = ""
    restored_at: int | None = None
    copied: tuple[str, ...] = ()


def read_state(folder: Path) -> ScheduleState:
    """What stands in the folder; nothing where there is nothing that can be read."""
    try:
        said: Mapping[str, Any] = orjson.loads((folder / STATE_NAME).read_bytes())
        return ScheduleState(
            **{**said, "made": tuple(said["made"]), "copied": tuple(said.get("copied", said["made"]))}
        )
    except (OSError, ValueError, TypeError, KeyError):
        return ScheduleState()


def keep_state(folder: Path, state: ScheduleState) -> None:
    """Replace it as a whole. Raises OSError."""
    replace_private(folder / STATE_NAME, orjson.dumps(asdict(state)))
