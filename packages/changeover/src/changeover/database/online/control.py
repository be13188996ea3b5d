"""What people ask of an online rebuild while it works, and what it says of itself: two files in a folder.

Rule: nothing of it is in the database, so that to ask costs no writer anything. A file is replaced whole; a
runner that takes over finds what was asked of the one before it.
"""

import json
import os
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

ORDERS, PROGRESS = "online-orders.json", "online-progress.json"


@dataclass(frozen=True, slots=True)
class OnlineOrders:
    """What is asked. ``pace`` is the share of the time in which it works, above 0 and at most 1.

    ``swap_at`` (UTC epoch seconds): no swap before that; ``swap_held``: none before a word. ``who`` asked
    last.
    """

    paused: bool = False
    pace: float = 1.0
    swap_at: float | None = None
    swap_held: bool = False
    who: str = ""

    def swap_waits_for(self, now_at: float) -> str:
        """What the swap waits for, in words; empty where it may be made."""
        if self.swap_held:
            return "a word (`changeover online swap PLAN --now`)"
        if self.swap_at is not None and now_at < self.swap_at:
            return time.strftime("%Y-%m-%d %H:%M", time.localtime(self.swap_at))
        return ""

    def __str__(self) -> str:
        said = ["paused" if self.paused else "at work", f"pace {self.pace:.0%}"]
        swap = self.swap_waits_for(time.time())
        return ", ".join([*said, f"the swap waits for {swap}" if swap else "swaps when it is ready"])


@dataclass(frozen=True, slots=True)
class OnlineProgress:
    """What a rebuild says of itself: the part that is done (0..1), seconds left, and words."""

    part: float | None = None
    left_s: float | None = None
    words: str = ""
    at: float = 0.0


@dataclass(slots=True)
class OnlineControl:
    """The folder in which both are; None: nobody is there to ask or to be told."""

    folder: Path | None = None
    _read_ns: int = field(default=0, init=False)
    _orders: OnlineOrders = field(default_factory=OnlineOrders, init=False)

    def orders(self) -> OnlineOrders:
        """What is asked now."""
        changed_ns = _changed_ns(self.folder / ORDERS) if self.folder else 0
        if self.folder and changed_ns != self._read_ns:
            self._orders, self._read_ns = OnlineOrders(**_read(self.folder / ORDERS)), changed_ns
        return self._orders

    def ask(self, orders: OnlineOrders) -> None:
        """Ask for something else from now on."""
        if self.folder:
            _replace(self.folder / ORDERS, asdict(orders))

    def tell(self, part: float | None, left_s: float | None, words: str) -> None:
        """Say how far it has come."""
        if self.folder:
            _replace(self.folder / PROGRESS, asdict(OnlineProgress(part, left_s, words, time.time())))

    def progress(self) -> OnlineProgress:
        """What was said last."""
        return OnlineProgress(**_read(self.folder / PROGRESS)) if self.folder else OnlineProgress()


def _changed_ns(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def _read(path: Path) -> Mapping[str, Any]:
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _replace(path: Path, document: Mapping[str, object]) -> None:
    # Each process writes a file of its own, or two that ask at once would mix their words in one.
    partial = path.with_name(f"{path.name}.{os.getpid()}")
    partial.write_text(json.dumps(document), encoding="utf-8")
    os.replace(partial, path)
