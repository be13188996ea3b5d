"""Five-minute intervals: ``(end-300, end]`` in UTC, named by their end.

Every zone's offset is a multiple of five minutes, so a local day is a whole number of intervals.
"""

INTERVAL_S = 300


def interval_end(at: float) -> int:
    """The end of the interval that holds ``at``; an instant on the boundary closes its interval."""
    return int(-(-at // INTERVAL_S)) * INTERVAL_S


def interval_ends(start_at: int, end_at: int) -> range:
    """The ends of all intervals that end in ``(start_at, end_at]``, in order."""
    return range((start_at // INTERVAL_S + 1) * INTERVAL_S, end_at + 1, INTERVAL_S)
