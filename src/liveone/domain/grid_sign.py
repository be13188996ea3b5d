"""Learns the sign of a device's grid power from its counters.

Every select.live site with evidence sends negative power for import (all of them have generators), but that
proves nothing for a site on the grid. Its counters do: if only one of the import and export counters rises
while raw power kept one sign, that sign means import, or export. Three steps in a row that agree confirm a
sign, and three contrary ones replace it; until then the default holds.

Rule: ``house grid_w = raw grid_w * multiplier``. What is known travels from poll to poll as a small JSON
object; a part of it that is not understood counts as unknown.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, cast, get_args

GridSign = Literal["normal", "inverted"]
"""``normal``: raw > 0 is import, as in the house. ``inverted``: raw < 0 is import."""

GridSignChoice = Literal["auto", "normal", "inverted"]
"""What an owner may set for a site; ``auto`` follows the counters."""

CHOICES: tuple[GridSignChoice, ...] = get_args(GridSignChoice)
DEFAULT: GridSign = "inverted"
TICKS_TO_CONFIRM = 3

CLEAR_W = 50.0
"""Below this the sign of power is noise (the shunt alone has an offset of up to 23 W)."""

LONGEST_PAUSE_S = 600
"""Samples further apart say nothing about the power between them."""

TICK_KWH = 0.1
"""A counter rises in steps of about 0.09 kWh, so one sample may show a step more than was used."""


@dataclass(frozen=True, slots=True)
class GridSample:
    """What one sample of a device says of its grid connection, as the device signs it (W, kWh)."""

    at: int
    raw_w: float | None
    in_kwh: float | None
    out_kwh: float | None


@dataclass(frozen=True, slots=True)
class GridEvidence:
    """What is known of a site: the sign that counters confirmed, agreeing steps so far, the last sample."""

    confirmed: GridSign | None = None
    leaning: GridSign | None = None
    ticks: int = 0
    last: GridSample | None = None

    @classmethod
    def from_memory(cls, memory: object) -> "GridEvidence":
        """The evidence in ``to_memory``'s form; empty where it is missing or not understood."""
        if not isinstance(memory, Mapping):
            return cls()
        ticks = memory.get("ticks")
        return cls(
            confirmed=_sign(memory.get("confirmed")),
            leaning=_sign(memory.get("leaning")),
            ticks=min(ticks, TICKS_TO_CONFIRM) if type(ticks) is int and ticks > 0 else 0,
            last=_sample(memory.get("last")),
        )

    def to_memory(self) -> dict[str, Any]:
        """The evidence as JSON-able data."""
        return asdict(self)

    def after(self, sample: GridSample) -> "GridEvidence":
        """The evidence with one more sample; a repeated or older sample changes nothing."""
        if self.last is not None and sample.at <= self.last.at:
            return (
                self
                if sample.at == self.last.at
                else GridEvidence(self.confirmed, self.leaning, self.ticks, sample)
            )
        said = _says(self.last, sample) if self.last is not None else None
        if said is None:
            return GridEvidence(self.confirmed, self.leaning, self.ticks, sample)
        ticks = min(self.ticks + 1, TICKS_TO_CONFIRM) if said == self.leaning else 1
        confirmed = said if ticks >= TICKS_TO_CONFIRM else self.confirmed
        return GridEvidence(confirmed, said, ticks, sample)


def sign_in_use(choice: GridSignChoice, evidence: GridEvidence) -> GridSign:
    """The owner's choice, else what the counters confirmed, else the default."""
    return (evidence.confirmed or DEFAULT) if choice == "auto" else choice


def multiplier(choice: GridSignChoice, evidence: GridEvidence) -> int:
    """+1 or -1, to make house power (> 0 imports) of raw power."""
    return 1 if sign_in_use(choice, evidence) == "normal" else -1


def _says(before: GridSample, now: GridSample) -> GridSign | None:
    raw_w = _steady_w(before, now)
    ticked_in = _ticked(before.in_kwh, now.in_kwh)
    ticked_out = _ticked(before.out_kwh, now.out_kwh)
    elapsed_s = now.at - before.at
    if raw_w is None or ticked_in is None or ticked_out is None or elapsed_s > LONGEST_PAUSE_S:
        return None
    if (ticked_in > 0) == (ticked_out > 0):
        return None
    plausible_kwh = 2 * abs(raw_w) * elapsed_s / 3_600_000 + TICK_KWH
    if not 0 < ticked_in + ticked_out <= plausible_kwh:
        return None
    return "normal" if (raw_w > 0) == (ticked_in > 0) else "inverted"


def _steady_w(before: GridSample, now: GridSample) -> float | None:
    """The larger power, if both samples have clear power of one sign, else None."""
    if before.raw_w is None or now.raw_w is None or before.raw_w * now.raw_w <= 0:
        return None
    if min(abs(before.raw_w), abs(now.raw_w)) < CLEAR_W:
        return None
    return max(before.raw_w, now.raw_w, key=abs)


def _ticked(before_kwh: float | None, now_kwh: float | None) -> float | None:
    """How far a counter rose; None if a value is unknown or it fell, because a reset says nothing."""
    if before_kwh is None or now_kwh is None or now_kwh < before_kwh:
        return None
    return now_kwh - before_kwh


def _sign(value: object) -> GridSign | None:
    return cast(GridSign, value) if value in get_args(GridSign) else None


def _sample(value: object) -> GridSample | None:
    if not isinstance(value, Mapping) or type(value.get("at")) is not int:
        return None
    numbers = {field.name: _number(value.get(field.name)) for field in fields(GridSample)[1:]}
    return GridSample(at=value["at"], **numbers)


def _number(value: object) -> float | None:
    usable = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return float(cast(float, value)) if usable else None
