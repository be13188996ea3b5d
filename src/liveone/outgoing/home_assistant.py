"""LiveOne's history as Home Assistant's long-term statistics.

Rule: written twice, it is there once. A statistic of LiveOne's own (``liveone:system_1_grid_in``) is written
from its first hour on. One of an entity that Home Assistant counts itself is joined to what is there: its
newest hour stays as it is, and the sums before lead up to it, so that no hour shows a jump.

Source: the commands of Home Assistant's recorder (``recorder/import_statistics`` and their answers).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from liveone.domain.reading import COUNTERS
from liveone.errors import BadInput
from liveone.outgoing.hourly import HourTotal
from liveone.vendors.answers import objects, quantity
from liveone.vendors.homeassistant.entities import ENERGY_UNITS
from liveone.vendors.homeassistant.socket import HomeAssistantSocket
from timed_http.deadline import Deadline

SOURCE = "liveone"
NAMES: Mapping[str, str] = {
    "solar": "solar",
    "load": "load",
    "battery_in": "battery charged",
    "battery_out": "battery discharged",
    "grid_in": "grid import",
    "grid_out": "grid export",
}
ROWS_MOST = 1000
TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True)
class StatisticTarget:
    """Where an energy goes: the statistic's id, what it is called, and its unit there."""

    statistic_id: str
    name: str | None
    unit: str = "kWh"

    @property
    def is_own(self) -> bool:
        """Whether it is LiveOne's own statistic, and no entity's."""
        return self.statistic_id.startswith(f"{SOURCE}:")


@dataclass(frozen=True, slots=True)
class WrittenStatistic:
    """What was written: ``hours`` of them until ``end_at``."""

    counter: str
    statistic_id: str
    hours: int
    end_at: int


def own_target(system_id: int, system_name: str, counter: str) -> StatisticTarget:
    """LiveOne's own statistic of an energy."""
    return StatisticTarget(f"{SOURCE}:system_{system_id}_{counter}", f"{system_name} {NAMES[counter]}")


def write_statistics(
    socket: HomeAssistantSocket,
    totals: Mapping[str, Sequence[HourTotal]],
    targets: Mapping[str, StatisticTarget],
    *,
    from_at: int,
) -> list[WrittenStatistic]:
    """Write the hours from ``from_at`` on of each energy that has a target. Raises BadInput, VendorError."""
    units = _units(socket, targets)
    written = []
    for counter in COUNTERS:
        if counter in targets and totals.get(counter):
            target = targets[counter]
            rows = _rows(socket, target, totals[counter], units[target.statistic_id], from_at)
            for begin in range(0, len(rows), ROWS_MOST):
                _import(socket, target, units[target.statistic_id], rows[begin : begin + ROWS_MOST])
            end_at = totals[counter][-1].start_at + 3600
            written.append(WrittenStatistic(counter, target.statistic_id, len(rows), end_at))
    return written


def _units(socket: HomeAssistantSocket, targets: Mapping[str, StatisticTarget]) -> dict[str, str]:
    """The unit in which Home Assistant keeps each statistic, where it has it: in another one it would be
    turned into nonsense."""
    wanted = [target.statistic_id for target in targets.values()]
    told = socket.call("recorder/get_statistics_metadata", Deadline(TIMEOUT_S), statistic_ids=wanted)
    units = {target.statistic_id: target.unit for target in targets.values()}
    for each in objects(told):
        unit, name = each.get("statistics_unit_of_measurement"), str(each.get("statistic_id"))
        if unit not in ENERGY_UNITS or each.get("has_sum") is not True:
            raise BadInput(
                f"{name} is no statistic of energy in Home Assistant (its unit is {unit!r})",
                hint="Name an entity that counts energy: device_class energy, state_class total_increasing.",
            )
        units[name] = str(unit)
    return units


def _rows(
    socket: HomeAssistantSocket, target: StatisticTarget, totals: Sequence[HourTotal], unit: str, from_at: int
) -> list[dict[str, Any]]:
    """The rows to write, in the statistic's unit."""
    newest = None if target.is_own else _newest(socket, target, unit, totals[0].start_at)
    factor = 1 / ENERGY_UNITS[unit]
    shift = {"sum": 0.0, "state": 0.0}
    until_at = totals[-1].start_at
    if newest is not None:
        until_at = newest["start_at"] - 1
        before = [each for each in totals if each.start_at <= newest["start_at"]]
        there = before[-1].total_kwh * factor if before else 0.0
        shift = {name: newest[name] - there for name in shift}
    return [
        {
            "start": datetime.fromtimestamp(each.start_at, UTC).isoformat(),
            **{name: round(each.total_kwh * factor + by, 6) for name, by in shift.items()},
        }
        for each in totals
        if from_at <= each.start_at <= until_at
    ]


def _newest(
    socket: HomeAssistantSocket, target: StatisticTarget, unit: str, start_at: int
) -> dict[str, Any] | None:
    """The newest hour that Home Assistant has of a statistic: ``start_at``, ``sum`` and ``state``."""
    answer = socket.call(
        "recorder/statistics_during_period",
        Deadline(TIMEOUT_S),
        start_time=datetime.fromtimestamp(start_at, UTC).isoformat(),
        statistic_ids=[target.statistic_id],
        period="hour",
        types=["sum", "state"],
        units={"energy": unit},
    )
    rows = objects(answer.get(target.statistic_id) if isinstance(answer, dict) else None)
    for row in reversed(rows):
        at, total, state = (quantity(row.get(name)) for name in ("start", "sum", "state"))
        if at is not None and total is not None:
            return {
                "start_at": int(at / 1000),
                "sum": total,
                "state": total if state is None else state,
            }
    return None


def _import(
    socket: HomeAssistantSocket, target: StatisticTarget, unit: str, rows: Sequence[Mapping[str, Any]]
) -> None:
    metadata = {
        "statistic_id": target.statistic_id,
        "source": SOURCE if target.is_own else "recorder",
        "name": target.name,
        "unit_of_measurement": unit,
        "unit_class": "energy",
        "has_mean": False,
        "mean_type": 0,
        "has_sum": True,
    }
    socket.call("recorder/import_statistics", Deadline(TIMEOUT_S), metadata=metadata, stats=list(rows))
