"""A copy of the list of systems beside the queue, so that polling can start while the database is
unreachable.
"""

import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import orjson

from liveone.domain.system import System
from liveone.settings.private_file import replace_private

NAME = "systems.json"
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RememberedSystems:
    """``memories`` is what vendors asked to remember, by system id; ``held`` are the systems that this
    process polled, and ``was_alone`` says that no other process did."""

    systems: tuple[System, ...] = ()
    memories: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    held: frozenset[int] = frozenset()
    was_alone: bool = True


def is_kept(spool: Path) -> bool:
    """Whether a process of this folder knows systems from its last time."""
    return any(spool.glob(f"**/{NAME}"))


def load(folder: Path) -> RememberedSystems | None:
    """What was known; None where nothing was kept, or it cannot be read."""
    try:
        found = orjson.loads((folder / NAME).read_bytes())
        return RememberedSystems(
            tuple(System(**each) for each in found["systems"]),
            {int(key): memory for key, memory in found["memories"].items()},
            frozenset(found["held"]),
            bool(found["was_alone"]),
        )
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        log.warning("the systems known from last time cannot be read: %s", error)
        return None


def save(folder: Path, known: RememberedSystems) -> None:
    """Keep it; a crash leaves the old or the new. A disk that fails is logged: this is a convenience."""
    document = asdict(known) | {"held": sorted(known.held)}
    try:
        content = orjson.dumps(document, option=orjson.OPT_NON_STR_KEYS, default=dict)
        replace_private(folder / NAME, content)
    except OSError as error:
        log.warning("the systems cannot be kept for a start without the database: %s", error)
