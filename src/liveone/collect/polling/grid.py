"""The minute grid: which second of the minute belongs to which system. Pure.

Rule: a system's second follows from its name alone, so that it is the same after a restart and on
every machine, and lies in the first two thirds of the cadence, so that a retry fits behind it.
"""

import hashlib
import math

SPREAD = 2 / 3
RETRY_AFTER = 1 / 3
RETRY_BEFORE = 2 / 3
MARGIN_S = 1.0


def _digest(vendor_type: str, vendor_site_id: str) -> int:
    # blake2b and not hash(), which differs in every process
    # (https://docs.python.org/3/reference/datamodel.html#object.__hash__).
    name = f"{vendor_type}\0{vendor_site_id}".encode()
    return int.from_bytes(hashlib.blake2b(name, digest_size=8).digest(), "big")


def offset_s(vendor_type: str, vendor_site_id: str, cadence_s: int) -> int:
    """The whole second of the cadence at which a site is polled: 0..39 of 60."""
    return _digest(vendor_type, vendor_site_id) % max(1, int(cadence_s * SPREAD))


def wait_s(now_at: float, offset_s: int, cadence_s: int, *, at_least_s: float) -> float:
    """Seconds from ``now_at`` to the first moment of the grid that is ``at_least_s`` away or more."""
    slots = math.ceil((now_at + at_least_s - offset_s) / cadence_s)
    return slots * cadence_s + offset_s - now_at


def retry_wait_s(now_at: float, wait_s: float, cadence_s: int, *, share: float) -> float | None:
    """Seconds until a failed poll is tried again, or None when no retry fits.

    ``wait_s`` is the time to the next regular poll, ``share`` (0..1) spreads systems that failed
    together. At a cadence of 60 s the retry comes 20 to 40 s later, within the same minute; where
    the minute is too far gone for that, 20 s later if that is well before the next regular poll.
    """
    shortest, longest = cadence_s * RETRY_AFTER, cadence_s * RETRY_BEFORE
    left_of_minute = cadence_s - now_at % cadence_s - MARGIN_S
    if left_of_minute >= shortest:
        return min(left_of_minute, shortest + share * (longest - shortest))
    return shortest if wait_s >= 1.5 * shortest else None
