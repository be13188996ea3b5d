"""Total solar power of a device that reports it in two parts, either of which may be missing.

``solar_w = solarinverter_w + shunt_w``, and an absent part is not zero: while a part that the device
has is missing, the total is unknown. A device that has never sent a part in an hour of samples does
not have it, and its total is the other part alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from liveone.domain.bounds import BOUNDS

PARTS = ("solarinverter_w", "shunt_w")
SAMPLES_TO_BE_SURE = 60


@dataclass(frozen=True, slots=True)
class SolarParts:
    """Which parts a device has ever sent, and how many new samples were seen (up to an hour of them)."""

    sent: frozenset[str] = frozenset()
    samples: int = 0
    last_at: int = 0

    @classmethod
    def from_memory(cls, memory: object) -> "SolarParts":
        """From ``to_memory``'s form; nothing known where it is missing or not understood."""
        if not isinstance(memory, Mapping) or not isinstance(memory.get("sent"), list):
            return cls()
        samples, last_at = (
            value if type(value) is int else 0 for value in map(memory.get, ("samples", "last_at"))
        )
        return cls(frozenset(PARTS).intersection(filter(_is_text, memory["sent"])), samples, last_at)

    def to_memory(self) -> dict[str, object]:
        """As JSON-able data."""
        return {"sent": sorted(self.sent), "samples": self.samples, "last_at": self.last_at}

    def after(self, items: Mapping[str, object], at: int) -> "SolarParts":
        """What is known after a sample; a null or unusable part still shows that the device has it."""
        sent = self.sent.union(part for part in PARTS if part in items)
        new = at > self.last_at and self.samples < SAMPLES_TO_BE_SURE
        return SolarParts(sent, self.samples + new, max(at, self.last_at))

    def total_w(self, inverter_w: int | None, shunt_w: int | None) -> int | None:
        """The sum of the parts that the device has, or None if one of these is missing.

        A sum a little below zero is the inverter's own draw or the shunt's offset, not sunshine: it counts
        as 0; one far below is not believed.
        """
        values = dict(zip(PARTS, (inverter_w, shunt_w), strict=True))
        fitted = self.sent if self.samples >= SAMPLES_TO_BE_SURE and self.sent else frozenset(PARTS)
        parts = [value for part in fitted if (value := values[part]) is not None]
        return BOUNDS["solar_w"].believed(sum(parts)) if len(parts) == len(fitted) else None


def _is_text(value: object) -> bool:
    return isinstance(value, str)
