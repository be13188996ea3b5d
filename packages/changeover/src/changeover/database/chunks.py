"""How many rows the next of many small transactions takes."""


def next_size(rows: int, taken_s: float, aim_s: float, most: int) -> int:
    """More than the last one where that was quick, fewer where it was slow: between 1 and ``most``.

    ``taken_s``: how long the last one took, for ``rows`` rows; ``aim_s``: how long one should take. It grows
    to twice as many at most, and shrinks to a quarter, since one that was slow may have met another's work.
    """
    factor = min(max(aim_s / max(taken_s, 1e-6), 0.25), 2.0)
    return min(max(int(rows * factor), 1), most)
