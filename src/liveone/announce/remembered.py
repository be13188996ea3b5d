"""What was announced, kept beside the queue: so that what is gone when LiveOne starts again is taken back."""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from liveone.settings.private_file import replace_private

NAME = "announced.json"
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Announced:
    """The topics that a ``broker`` keeps for us, and the components of each system that were told once."""

    broker: str = ""
    topics: frozenset[str] = frozenset()
    told: Mapping[int, frozenset[str]] = field(default_factory=dict)


def load(folder: Path, broker: str) -> Announced:
    """What was announced to this broker; nothing where that is not known."""
    try:
        found = json.loads((folder / NAME).read_bytes())
        told = {int(key): frozenset(map(str, names)) for key, names in found["told"].items()}
        topics = frozenset(map(str, found["topics"])) if found["broker"] == broker else frozenset[str]()
        return Announced(broker, topics, told)
    except FileNotFoundError:
        return Announced(broker)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        log.warning("what was announced by MQTT cannot be read: %s", error)
        return Announced(broker)


def save(folder: Path, announced: Announced) -> None:
    """Keep it; a disk that fails is logged: this is a convenience."""
    document = {
        "broker": announced.broker,
        "topics": sorted(announced.topics),
        "told": {str(key): sorted(names) for key, names in announced.told.items()},
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        replace_private(folder / NAME, json.dumps(document).encode())
    except OSError as error:
        log.warning("what was announced by MQTT cannot be kept: %s", error)
