"""How many rows the next of many small transactions takes."""


def next_size(rows: int, taken_s: float, aim_s: float, most: int, *, fixed_s: float = 0.0) -> int:
    """More than the last one where that was quick, fewer where it was slow: between 1 and ``most``.

    ``taken_s``: how long the last one took, for ``rows`` rows; ``aim_s``: how long one should take.
    ``fixed_s`` of it do not depend on the rows, such as the disk's for COMMIT. The rows get what that leaves
    of the aim, and never less time than it: fewer rows would hardly be quicker, and never come to an end. It
    grows to twice as many at most, and shrinks to a quarter, since one that was slow may have met another's
    work.
    """
    of_rows_s = max(aim_s - fixed_s, fixed_s)
    factor = min(max(of_rows_s / max(taken_s - fixed_s, 1e-6), 0.25), 2.0)
    return min(max(int(rows * factor), 1), most)
