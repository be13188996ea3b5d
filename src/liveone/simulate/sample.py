"""What a device measured, in house signs, before it is put into the vendor's words."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Sample:
    """One measurement. Signs are those of liveone.domain.reading; None is a field the device lacks.

    ``taken_at`` is the device's own time in UTC epoch seconds; counters are keyed by the names in
    ``liveone.domain.reading.COUNTERS`` and hold kWh, since installation and since local midnight.
    """

    taken_at: int
    solar_inverter_w: float | None
    shunt_w: float | None
    load_w: float | None
    battery_w: float | None
    grid_w: float | None
    battery_soc_pct: float | None
    total_kwh: Mapping[str, float | None] = field(default_factory=dict)
    today_kwh: Mapping[str, float | None] = field(default_factory=dict)
    fault_code: int | None = 0
    fault_at: int | None = 0
    generator_status: int | None = 0


class SampleSource(Protocol):
    """Something that measures: a generated house or a recording."""

    def sample(self, at: float) -> Sample | None:
        """The newest sample that the portal holds at this instant; None before the first."""
        ...
