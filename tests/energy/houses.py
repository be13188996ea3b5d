"""Random houses whose true energies are known, and what a logger with bad days writes down of them.

The truth is a power in watts for every minute or ten seconds; energies are its sums. A logger sees the powers
at its cadence, and counters that its device makes of the truth: with a resolution, late, or not at all. Then
things happen to it: silence, zeros, a frozen counter, another meter.
"""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, field

from liveone.domain.reading import COUNTERS, Reading

DAY_S = 86_400


@dataclass(frozen=True)
class Happening:
    """What goes wrong in ``(from_at, to_at]``: ``silence``, ``zeros``, ``frozen``, ``absent``; at ``to_at``
    ``exchange`` by a meter that stands ``kwh`` further or lower. All but silence is of one counter."""

    kind: str
    from_at: int
    to_at: int
    counter: str = ""
    kwh: float = 0.0


@dataclass(frozen=True)
class Meter:
    """How a device counts: ticks of ``resolution_kwh``, shown every ``shown_every_s`` seconds; it began at
    ``start_kwh``. ``is_there`` False: it sends nothing; ``is_dead``: it sends the same for ever."""

    resolution_kwh: float
    shown_every_s: int
    start_kwh: float
    is_there: bool = True
    is_dead: bool = False


@dataclass
class House:
    """A house from ``start_at`` on for ``days`` days, and its logger."""

    start_at: int
    days: int
    cadence_s: int
    seed: int
    meters: dict[str, Meter]
    happenings: list[Happening] = field(default_factory=list)
    battery_kwh: float = 10.0

    def __post_init__(self) -> None:
        self.step_s = min(60, self.cadence_s)
        self.end_at = self.start_at + self.days * DAY_S
        self.powers = list(self._powers())
        """(solar, load, battery, grid) of each step, W."""
        self.sums = self._sums()

    def true_kwh(self, counter: str, from_at: int, to_at: int) -> float:
        """What really flowed in ``(from_at, to_at]``."""
        sums = self.sums[counter]
        return sums[self._place(to_at)] - sums[self._place(from_at)]

    def readings(self) -> Iterator[Reading]:
        """What the logger wrote down."""
        for at in range(self.start_at + self.cadence_s, self.end_at + 1, self.cadence_s):
            if self._happens("silence", at) is not None:
                continue
            solar, load, battery, grid = self.powers[self._place(at) - 1]
            totals = {f"{name}_kwh_total": self._shown(name, at) for name in COUNTERS}
            yield Reading(at, at + 2, solar, solar, 0, load, battery, grid, 50.0, 0, 0, 0, **totals)

    def _shown(self, name: str, at: int) -> float | None:
        meter = self.meters[name]
        if not meter.is_there or self._happens("absent", at, name) is not None:
            return None
        if self._happens("zeros", at, name) is not None:
            return 0.0
        frozen = self._happens("frozen", at, name)
        if meter.is_dead:
            return meter.start_kwh
        read_at = frozen.from_at if frozen is not None else at
        read_at = max(
            self.start_at, read_at - (read_at - self.start_at) % max(meter.shown_every_s, self.step_s)
        )
        kwh = meter.start_kwh + self.true_kwh(name, self.start_at, read_at)
        kwh += sum(
            each.kwh
            for each in self.happenings
            if each.kind == "exchange" and each.counter == name and at > each.to_at
        )
        return math.floor(kwh / meter.resolution_kwh + 1e-9) * meter.resolution_kwh

    def _happens(self, kind: str, at: int, counter: str = "") -> Happening | None:
        for each in self.happenings:
            if each.kind == kind and each.counter == counter and each.from_at < at <= each.to_at:
                return each
        return None

    def _place(self, at: int) -> int:
        return (at - self.start_at) // self.step_s

    def _powers(self) -> Iterator[tuple[int, int, int, int]]:
        dice = random.Random(self.seed)
        peak_w, base_w = dice.choice([0, 1500, 5000, 9000]), dice.choice([60, 300, 900])
        waves = [(dice.uniform(3, 11) * 3600, dice.uniform(0, 6), dice.uniform(0.1, 0.5)) for _ in range(3)]
        charge_kwh, on_grid = self.battery_kwh / 2, dice.random() < 0.7
        for step in range(self.days * DAY_S // self.step_s):
            at = self.start_at + step * self.step_s
            sun = max(0.0, math.sin((at % DAY_S) / DAY_S * math.tau))
            wave = 1 + sum(
                height * math.sin(at / length * math.tau + shift) for length, shift, height in waves
            )
            solar, load = round(peak_w * sun**1.2), round(base_w * max(0.3, wave))
            room = self.battery_kwh - charge_kwh
            battery = max(-4000, load - solar) if room > 0.05 or load > solar else 0
            battery = min(battery, 4000) if charge_kwh > 0.05 or battery < 0 else 0
            charge_kwh -= battery * self.step_s / 3_600_000
            grid = load - solar - battery if on_grid else 0
            yield solar, load, battery, grid

    def _sums(self) -> dict[str, list[float]]:
        found: dict[str, list[float]] = {name: [0.0] for name in COUNTERS}
        for solar, load, battery, grid in self.powers:
            driven = (solar, load, -battery, battery, grid, -grid)
            for name, watts in zip(COUNTERS, driven, strict=True):
                found[name].append(found[name][-1] + max(0, watts) * self.step_s / 3_600_000)
        return found
