"""What must be in the store, by the portal's own log: every answer that a whole poll was given.

Rule: of all that was served nothing may be missing, but the last answer of each site before a kill: its poll
was under way. And nothing may be there that was not served, with exactly the values of an answer.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from liveone.domain.reading import COUNTERS, Reading
from liveone.simulate.log import Served
from liveone.simulate.payload import Items

AHEAD_S_MAX = 3600


@dataclass
class Account:
    """The account of one site. ``must`` and ``may`` are times of samples by the device's clock."""

    answers: defaultdict[int, list[Items]] = field(default_factory=lambda: defaultdict(list))
    must: set[int] = field(default_factory=set)
    may: set[int] = field(default_factory=set)
    accepted: int = 0
    seen: int = 0
    _last: tuple[int, bool] | None = None
    _checked: set[int] = field(default_factory=set)

    def read(self, entries: Iterable[Served], error_s: float) -> None:
        """Take in what was served since; ``error_s`` is how wrong the collector's clock was meanwhile."""
        for entry in entries:
            if entry.n > self.seen:
                self.seen = entry.n
                self._take(entry, error_s)

    def killed(self) -> None:
        """The collector was killed: the last answer may have been on its way into the store."""
        if self._last is not None:
            at, is_new = self._last
            self.may.add(at)
            if is_new:
                self.must.discard(at)
        self._last = None

    def missing(self, kept: Mapping[int, Reading]) -> set[int]:
        return self.must - kept.keys()

    def unheard_of(self, kept: Mapping[int, Reading]) -> set[int]:
        return kept.keys() - self.must - self.may

    def wrong(self, kept: Mapping[int, Reading]) -> list[Reading]:
        """The readings that differ from every answer with their time; each is looked at once."""
        found = [
            reading
            for at, reading in kept.items()
            if at not in self._checked
            and replace(reading, received_time=0) not in map(as_reading, self.answers[at])
        ]
        self._checked |= kept.keys()
        return found

    def _take(self, entry: Served, error_s: float) -> None:
        self._last = None
        at = believed_at(entry, error_s)
        if at is None or entry.values is None:
            return
        self.accepted += 1
        self._last = (at, at not in self.must)
        self.must.add(at)
        self.answers[at].append(entry.values)


def believed_at(entry: Served, error_s: float) -> int | None:
    """The sample's time, None where no sample came or its clock is too far ahead to be believed."""
    if entry.values is None or not entry.delivered or "timestamp" not in entry.values:
        return None
    text = entry.values["timestamp"]
    if text is None:
        return None
    at = int(float(str(text)))
    ahead_s = at - (entry.served_at + error_s)
    return None if ahead_s > AHEAD_S_MAX else at


def as_reading(items: Items) -> Reading:
    """The answer in house units, written down once more from the protocol's description.

    These houses send what comes in as negative power; what the adapter infers must never turn that round.
    """
    inverter_w, shunt_w = watts(items, "solarinverter_w"), watts(items, "shunt_w")
    load_w, grid_w, soc_pct = watts(items, "load_w"), watts(items, "grid_w"), number(items, "battery_soc")
    whole = {name: number(items, name) for name in ("fault_code", "fault_ts", "gen_status")}
    codes = {name: None if value is None else int(value) for name, value in whole.items()}
    return Reading(
        inverter_time=int(float(str(items["timestamp"]))),
        received_time=0,
        solar_w=None if inverter_w is None or shunt_w is None else max(0, inverter_w + shunt_w),
        solar_inverter_w=inverter_w,
        shunt_w=shunt_w,
        load_w=None if load_w is None else max(0, load_w),
        battery_w=watts(items, "battery_w"),
        grid_w=None if grid_w is None else -grid_w,
        battery_soc_pct=None if soc_pct is None else min(soc_pct, 100.0),
        fault_code=codes["fault_code"],
        fault_at=codes["fault_ts"],
        generator_status=codes["gen_status"],
        **{f"{name}_kwh_total": number(items, f"{name}_wh_total") for name in COUNTERS},
    )


def number(items: Items, name: str) -> float | None:
    value = items.get(name)
    return None if value is None else float(str(value))


def watts(items: Items, name: str) -> int | None:
    value = number(items, name)
    return None if value is None else int(math.copysign(math.floor(abs(value) + 0.5), value))
