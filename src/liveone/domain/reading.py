"""A reading: what one system measured at one moment, in house units and signs.

Absent is never zero: a quantity the device did not send is ``None``.
"""

from dataclasses import dataclass

SOON_S = 120
"""A sample at most this far ahead of the host counts as of now, as no two clocks agree."""

POWERS = ("solar", "load", "battery", "grid")
"""The four powers every aggregate carries, as ``<name>_w``."""

COUNTERS = ("solar", "load", "battery_in", "battery_out", "grid_in", "grid_out")
"""The six energy counters, as ``<name>_kwh_total``."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One sample of one system.

    Signs: ``battery_w`` > 0 discharges, ``grid_w`` > 0 imports, ``solar_w`` and ``load_w`` >= 0, so
    ``solar_w + battery_w + grid_w = load_w + losses``. Powers are whole watts, counters kWh since
    the device was installed, ``inverter_time`` the device's own time and ``received_time`` ours,
    both UTC epoch seconds; ``fault_at`` is 0 where the device says that it noted no fault.
    ``solar_w`` is ``solar_inverter_w`` (AC-coupled) + ``shunt_w`` (DC).
    """

    inverter_time: int
    received_time: int
    solar_w: int | None = None
    solar_inverter_w: int | None = None
    shunt_w: int | None = None
    load_w: int | None = None
    battery_w: int | None = None
    grid_w: int | None = None
    battery_soc_pct: float | None = None
    fault_code: int | None = None
    fault_at: int | None = None
    generator_status: int | None = None
    solar_kwh_total: float | None = None
    load_kwh_total: float | None = None
    battery_in_kwh_total: float | None = None
    battery_out_kwh_total: float | None = None
    grid_in_kwh_total: float | None = None
    grid_out_kwh_total: float | None = None

    @property
    def delay_s(self) -> int:
        """How old the sample was when it reached us, in seconds."""
        return self.received_time - self.inverter_time

    @property
    def losses_w(self) -> int | None:
        """``solar_w + battery_w + grid_w - load_w``: what the meters do not explain; it is never corrected.

        None without a load or without any source. A quantity that the house does not have counts as 0.
        """
        sources = [watts for watts in (self.solar_w, self.battery_w, self.grid_w) if watts is not None]
        return None if self.load_w is None or not sources else sum(sources) - self.load_w

    @property
    def is_ahead(self) -> bool:
        """Whether its time was in the future when it reached us: the device's clock was ahead."""
        return self.delay_s < -SOON_S
