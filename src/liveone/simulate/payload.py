"""A sample in select.live's words: its field names, units and signs, as in the recorded answers.

``*_wh_total`` and ``*_wh_today`` hold kWh in spite of their names. The resolutions are those of the
recorded site, found as the greatest common divisors of its values.
"""

from liveone.domain.reading import COUNTERS
from liveone.simulate.sample import Sample

AC_POWER_STEP_W = 0.444793701171875
DC_POWER_STEP_W = 3.84521484375
AC_TICK_KWH = 0.085400390625
"""The step of the load, grid and AC solar counters."""
DC_TICK_KWH = 0.09228515625
"""The step of the battery and DC solar counters."""
SOC_STEP_PCT = 1 / 256

DEVICE_NAME = "Selectronic SP-PRO"

Items = dict[str, object]


def vendor_items(sample: Sample, *, incoming_sign: int = -1) -> Items:
    """The ``items`` of an answer, sorted by name; a quantity that is None is left out.

    ``incoming_sign`` is the sign of ``grid_w`` while power comes in: -1 on every site with evidence.
    """
    grid_w = sample.grid_w
    values: dict[str, float | None] = {
        "solarinverter_w": sample.solar_inverter_w,
        "shunt_w": sample.shunt_w,
        "load_w": sample.load_w,
        "battery_w": sample.battery_w,
        "grid_w": grid_w if grid_w is None else incoming_sign * grid_w,
        "battery_soc": sample.battery_soc_pct,
        "fault_code": sample.fault_code,
        "fault_ts": sample.fault_at,
        "gen_status": sample.generator_status,
        "timestamp": sample.taken_at,
    }
    for name in COUNTERS:
        values[f"{name}_wh_total"] = sample.total_kwh.get(name)
        values[f"{name}_wh_today"] = sample.today_kwh.get(name)
    return {name: value or 0 for name, value in sorted(values.items()) if value is not None}


def envelope(items: Items, now_at: float) -> dict[str, object]:
    """A whole answer as the portal sends it; ``now`` is the server's time."""
    return {"device": {"name": DEVICE_NAME}, "item_count": len(items), "items": items, "now": int(now_at)}
