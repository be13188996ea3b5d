"""Open files: how many connections fit beside what the collector and the database need."""

import os
import resource
from dataclasses import dataclass
from pathlib import Path

WANTED = 8192
"""Descriptors that are asked for; the system may allow fewer."""

RESERVE, CONNECTIONS_MAX, BURST_MAX = 256, 1340, 64
"""Streams may take three of four connections: so many are room for a thousand."""

OWN = Path("/proc/self/fd")


@dataclass(frozen=True, slots=True)
class Room:
    """``connections`` at a time, of which ``burst`` may be accepted before any other is closed."""

    connections: int
    burst: int


def make_room() -> Room:
    """Ask for more descriptors, and divide those there are: the reserve goes to polls and the database."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    # The soft limit may be raised up to the hard one by anybody
    # (https://man7.org/linux/man-pages/man2/getrlimit.2.html).
    most = WANTED if hard == resource.RLIM_INFINITY else min(hard, WANTED)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    return room_of(max(soft, most) - _in_use())


def room_of(spare: int) -> Room:
    """How ``spare`` descriptors are divided. A connection that is turned away needs one for a moment too."""
    burst = max(1, min(BURST_MAX, spare // 16))
    reserve = min(RESERVE, spare * 3 // 4)
    return Room(max(4, min(CONNECTIONS_MAX, spare - reserve - 2 * burst)), burst)


def _in_use() -> int:
    return len(os.listdir(OWN)) if OWN.is_dir() else 32
