"""From an answer of select.live (portal or LAN box) to a reading in house units and signs. Pure.

What the device means, by recorded evidence:
- ``battery_w`` > 0 discharges, as in the house: taken as it is.
- ``grid_w`` has the sign that ``domain.grid_sign`` infers or the owner sets (default: < 0 imports).
- ``*_wh_total`` hold kWh in spite of their names: taken as they are.
- ``solarinverter_w`` (AC) + ``shunt_w`` (DC) is all solar: see ``solar``.
- ``fault_ts`` 0 means that there was no fault: sent, so kept, as 0.

Powers become whole watts, half away from zero. A field that is absent, null, not a number or absurd is
None; the rest of the answer still counts. Only an answer without ``items``, or whose ``timestamp`` is
no credible time, is refused as a whole.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from liveone.domain.bounds import AHEAD_S_MAX, BOUNDS, CLOCK_SET_AT, YEAR_2000_AT, YEAR_2200_AT, fault_at
from liveone.domain.grid_sign import GridEvidence, GridSample, GridSignChoice, multiplier
from liveone.domain.reading import COUNTERS, Reading
from liveone.domain.sources import Role
from liveone.vendors.base import Poll, ProtocolViolation
from liveone.vendors.numbers import number, whole, whole_watts
from liveone.vendors.redact import redact_json, redact_text
from liveone.vendors.selectlive.solar import SolarParts

FIELDS = frozenset(BOUNDS)
GIVES: tuple[Role, ...] = ("solar", "grid", "battery", "load", "generator")


def parse_poll(
    body: bytes | str,
    *,
    memory: Mapping[str, Any],
    grid_sign: GridSignChoice,
    now_at: float,
    secrets: Iterable[str] = (),
) -> Poll:
    """The reading in ``body``, the redacted answer, and what to remember of the site.

    Raises ProtocolViolation, with the redacted beginning of the answer, when it is not a sample.
    """
    known = tuple(secrets)
    answer = parse_object(body, secrets=known)
    items = answer.get("items")
    if not isinstance(items, Mapping) or not items:
        raise _violation("the answer has no items", body, known)
    inverter_time = _sample_time(answer, items, now_at, body, known)
    evidence = GridEvidence.from_memory(memory.get("grid_sign")).after(grid_sample(items, inverter_time))
    parts = SolarParts.from_memory(memory.get("solar_parts")).after(items, inverter_time)
    reading = _reading(items, inverter_time, int(now_at), parts, multiplier(grid_sign, evidence))
    remembered = {"grid_sign": evidence.to_memory(), "solar_parts": parts.to_memory()}
    return Poll(reading=reading, raw=redact_json(answer, known), memory=remembered)


def parse_object(body: bytes | str, *, secrets: Iterable[str] = ()) -> dict[str, Any]:
    """The JSON object in ``body``; raises ProtocolViolation."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        raise _violation("the answer is not JSON", body, secrets) from None
    if not isinstance(answer, dict):
        raise _violation("the answer is not a JSON object", body, secrets)
    return answer


def grid_sample(items: Mapping[str, Any], at: int) -> GridSample:
    """What a sample says of the grid connection, as the device signs it."""
    return GridSample(
        at=at,
        raw_w=_power_w(items, "grid_w"),
        in_kwh=_counter_kwh(items, "grid_in"),
        out_kwh=_counter_kwh(items, "grid_out"),
    )


def _reading(
    items: Mapping[str, Any], inverter_time: int, received_time: int, parts: SolarParts, grid_sign: int
) -> Reading:
    inverter_w = whole_watts(_power_w(items, "solarinverter_w"))
    shunt_w = whole_watts(_power_w(items, "shunt_w"))
    grid_w = whole_watts(_power_w(items, "grid_w"))
    return Reading(
        inverter_time=inverter_time,
        received_time=received_time,
        solar_w=parts.total_w(inverter_w, shunt_w),
        solar_inverter_w=inverter_w,
        shunt_w=shunt_w,
        load_w=_load_w(items),
        battery_w=whole_watts(_power_w(items, "battery_w")),
        grid_w=None if grid_w is None else grid_w * grid_sign,
        battery_soc_pct=_soc_pct(items),
        fault_code=_whole(items, "fault_code", "fault_code"),
        fault_at=fault_at(_whole(items, "fault_ts", "fault_at")),
        generator_status=_whole(items, "gen_status", "generator_status"),
        **{f"{name}_kwh_total": _counter_kwh(items, name) for name in COUNTERS},
    )


def _whole(items: Mapping[str, Any], name: str, field: str) -> int | None:
    return whole(items.get(name), int(BOUNDS[field].lowest), int(BOUNDS[field].highest))


def _number(items: Mapping[str, Any], name: str, field: str) -> float | None:
    return number(items.get(name), BOUNDS[field].lowest, BOUNDS[field].highest)


def _power_w(items: Mapping[str, Any], name: str) -> float | None:
    return _number(items, name, "grid_w")


def _counter_kwh(items: Mapping[str, Any], name: str) -> float | None:
    return _number(items, f"{name}_wh_total", f"{name}_kwh_total")


def _load_w(items: Mapping[str, Any]) -> int | None:
    load_w = whole_watts(_number(items, "load_w", "load_w"))
    return None if load_w is None else BOUNDS["load_w"].believed(load_w)


def _soc_pct(items: Mapping[str, Any]) -> float | None:
    soc_pct = _number(items, "battery_soc", "battery_soc_pct")
    return None if soc_pct is None else BOUNDS["battery_soc_pct"].believed(soc_pct)


def _sample_time(
    answer: Mapping[str, Any],
    items: Mapping[str, Any],
    now_at: float,
    body: bytes | str,
    secrets: Iterable[str],
) -> int:
    """The device's own time. An old one is believed (a portal repeats the last sample of a dead device), one
    far ahead of us is not, whatever the portal says of the time - unless our own clock was never set."""
    if items.get("timestamp") is None:
        raise _violation("the answer has no timestamp", body, secrets)
    sampled_at = number(items["timestamp"], YEAR_2000_AT, YEAR_2200_AT)
    if sampled_at is None:
        raise _violation(
            f"the sample's time makes no sense ({redact_text(str(items['timestamp']), longest=30)})",
            body,
            secrets,
            hint="The inverter's clock is probably not set: set it on the inverter (SP LINK).",
        )
    portal_at = number(answer.get("now"), YEAR_2000_AT, YEAR_2200_AT) or 0.0
    ahead_s = sampled_at - (now_at if now_at >= CLOCK_SET_AT else max(now_at, portal_at))
    if ahead_s > AHEAD_S_MAX:
        raise _violation(
            f"the sample's time is {ahead_s / 3600:.1f} h in the future",
            body,
            secrets,
            hint="Set the inverter's clock (SP LINK), and check the clock of this machine.",
        )
    return int(sampled_at)


def _violation(message: str, body: bytes | str, secrets: Iterable[str], hint: str = "") -> ProtocolViolation:
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else body
    raw = redact_text(text, secrets)
    usual = "The portal may be in trouble or has changed; LiveOne keeps asking. It began: " + (
        raw or "(empty)"
    )
    return ProtocolViolation(f"select.live: {message}", hint=hint or usual, raw=raw)
