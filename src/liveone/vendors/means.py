"""Values that come faster than readings are made, as what they were on average. Pure."""


class HeldMean:
    """The mean of a value over time, each value weighted by how long it held."""

    def __init__(self) -> None:
        self._value: float | None = None
        self._since_s = self._weighted = self._whole_s = 0.0

    def note(self, now_s: float, value: float | None, holds_s: float) -> None:
        """From now on it is ``value``; one that is absent has no weight."""
        if self._value is not None:
            held_s = max(0.0, min(now_s - self._since_s, holds_s))
            self._weighted += self._value * held_s
            self._whole_s += held_s
        self._value, self._since_s = value, now_s

    def take(self, now_s: float, holds_s: float) -> float | None:
        """The mean since it was taken last; it begins anew. None where nothing held."""
        self.note(now_s, self._value, holds_s)
        mean = self._weighted / self._whole_s if self._whole_s > 0 else self._value
        self._weighted = self._whole_s = 0.0
        return mean
