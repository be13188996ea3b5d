"""Prometheus text: base units, suffixes and help as ``promtool check metrics`` wants them.

A quantity that was not measured has no sample. Powers, state of charge and age are gauges, energies and polls
are counters.
"""

import resource
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from prometheus_client import generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from liveone.domain.bounds import soon_at
from liveone.domain.freshness import SILENT_S
from liveone.domain.reading import COUNTERS, POWERS, Reading
from liveone.domain.system import System
from liveone.store import polling, readings
from liveone.store.points import newest_of_all
from liveone.store.polling import PollingStatus
from liveone.web.now.cards import Cards
from liveone.web.now.readings_json import ENERGY_KEYS
from liveone.web.services import Services

JOULES_A_KWH = 3_600_000
SAID_BY_COLLECTOR = {
    "spool_waiting": "Readings that wait on disk for the database.",
    "spool_held": "Readings that this generation of the database cannot hold.",
    "spool_bytes": "Size of the spool on disk.",
    "stuck": "Polls that have not answered for too long.",
}

BY_SYSTEM = ("system", "name")
Sample = tuple[Sequence[str], float | int | None]
"""The labels of a sample, and its value; None if nothing was measured."""


@dataclass(frozen=True, slots=True)
class _Families:
    """The metrics at one moment, in the form that prometheus_client asks for."""

    all: Sequence[Metric]

    def collect(self) -> Iterable[Metric]:
        return [family for family in self.all if family.samples]


def exposition(services: Services, cards: Cards, visible: Iterable[System], *, listeners: int) -> bytes:
    """All metrics of the systems and of this process; ``cards`` give today's energies."""
    now_at, statuses = services.clock.now_at(), polling.statuses(services.store)
    newest = readings.latest_many(services.store, now_at)
    systems = list(visible)
    families = [
        *_system_families(systems, newest, now_at),
        _today(cards, systems, newest, now_at),
        *_point_families(services, systems, now_at),
        *_polling_families(systems, statuses),
        *_server_families(services, listeners),
    ]
    return generate_latest(_Families(families))


def _system_families(systems: list[System], newest: Mapping[int, Reading], now_at: float) -> Iterator[Metric]:
    known = [(_name(system), newest[system.id]) for system in systems if system.id in newest]
    info = [((*_name(one), one.vendor_site_id, one.vendor_type), 1) for one in systems]
    yield _gauge(
        "liveone_system_info",
        "Every system: its site and vendor.",
        (*BY_SYSTEM, "site", "vendor"),
        info,
    )
    yield _gauge(
        "liveone_system_active",
        "1 while a system is polled, 0 while it is paused.",
        BY_SYSTEM,
        [(_name(one), int(one.is_active)) for one in systems],
    )
    yield _gauge(
        "liveone_power_watts",
        "Power; battery > 0 discharges, grid > 0 imports, losses are what the others leave unexplained.",
        (*BY_SYSTEM, "at"),
        [sample for name, reading in known for sample in _powers(name, reading)],
    )
    yield _gauge(
        "liveone_battery_charge_ratio",
        "State of charge of the battery, 0 to 1.",
        BY_SYSTEM,
        [(name, _ratio(reading.battery_soc_pct)) for name, reading in known],
    )
    yield _counter(
        "liveone_energy_joules_total",
        "The device's own energy counters since it was installed.",
        (*BY_SYSTEM, "counter"),
        [sample for name, reading in known for sample in _energies(name, reading)],
    )
    yield _gauge(
        "liveone_reading_age_seconds",
        "Time since the newest reading was received.",
        BY_SYSTEM,
        [(name, round(now_at - reading.received_time, 3)) for name, reading in known],
    )
    yield _gauge(
        "liveone_fault_code",
        "The device's fault code, 0 when it reports none.",
        BY_SYSTEM,
        [(name, reading.fault_code) for name, reading in known],
    )


def _point_families(services: Services, systems: list[System], now_at: float) -> Iterator[Metric]:
    """The newest values of points, if they are fresh; hidden points are included."""
    names = {system.id: _name(system) for system in systems}
    yield _gauge(
        "liveone_point_value",
        "What a system measures beyond its balance, in the unit that it names.",
        (*BY_SYSTEM, "source", "key", "point", "unit"),
        [
            ((*names[point.system_id], point.source, point.key, point.name, point.unit), value)
            for point, value in newest_of_all(services.store, int(now_at) - SILENT_S, soon_at(now_at))
            if point.system_id in names
        ],
    )


def _today(cards: Cards, systems: list[System], newest: Mapping[int, Reading], now_at: float) -> Metric:
    """Today's energies; counters that stand, start anew or are missing are corrected as everywhere."""
    samples: list[Sample] = []
    for system in systems:
        if system.id in newest:
            today_kwh = cards.today_kwh(system, newest[system.id], now_at)
            for counter, key in zip(COUNTERS, ENERGY_KEYS, strict=True):
                samples.append(((*_name(system), counter), _joules(today_kwh[key])))
    return _gauge(
        "liveone_energy_today_joules",
        "Energy since local midnight, as the pages tell it; worked out anew every five minutes.",
        (*BY_SYSTEM, "counter"),
        samples,
    )


def _polling_families(systems: list[System], statuses: Mapping[int, PollingStatus]) -> Iterator[Metric]:
    known = [(_name(system), statuses[system.id]) for system in systems if system.id in statuses]
    yield _counter(
        "liveone_polls_total", "Polls.", BY_SYSTEM, [(name, one.total_polls) for name, one in known]
    )
    yield _counter(
        "liveone_polls_successful_total",
        "Polls that brought a reading.",
        BY_SYSTEM,
        [(name, one.successful_polls) for name, one in known],
    )
    yield _gauge(
        "liveone_polls_failing",
        "Polls that have failed since the last success.",
        BY_SYSTEM,
        [(name, one.consecutive_errors) for name, one in known],
    )


def _server_families(services: Services, listeners: int) -> Iterator[Metric]:
    generation = str(services.store.generation)
    build = (services.release, generation, services.role)
    yield _gauge(
        "liveone_build_info",
        "Release, database generation and role.",
        ("release", "generation", "role"),
        [(build, 1)],
    )
    yield _gauge("liveone_stream_listeners", "Open event streams.", (), [((), listeners)])
    said = services.collector_status()
    polled = [((str(key),), 1) for key in said.get("polled_systems", ())]
    yield _gauge("liveone_polled_here", "The systems that this process polls.", ("system",), polled)
    for key, text in SAID_BY_COLLECTOR.items():
        if isinstance(said.get(key), int):
            yield _gauge(f"liveone_collector_{key}", text, (), [((), said[key])])
    yield from _backup_families(services)
    usage = resource.getrusage(resource.RUSAGE_SELF)
    seconds = round(usage.ru_utime + usage.ru_stime, 3)
    yield _counter("process_cpu_seconds_total", "CPU time used.", (), [((), seconds)])
    unit = 1 if sys.platform == "darwin" else 1024
    most = usage.ru_maxrss * unit
    yield _gauge("liveone_memory_peak_bytes", "Most memory ever resident.", (), [((), most)])


def _backup_families(services: Services) -> Iterator[Metric]:
    if services.backups is None:
        return
    newest = next(iter(services.backups.found()), None)
    age_s = None if newest is None else round(services.clock.now_at() - newest["at"])
    yield _gauge("liveone_backup_age_seconds", "Time since the newest backup was made.", (), [((), age_s)])
    failed = int(bool(services.backups.schedule()["error"]))
    yield _gauge("liveone_backup_failing", "1 when the last scheduled backup failed.", (), [((), failed)])


def _name(system: System) -> tuple[str, str]:
    return str(system.id), system.display_name


def _powers(name: tuple[str, str], reading: Reading) -> Iterator[Sample]:
    for power in POWERS:
        yield (*name, power), getattr(reading, f"{power}_w")
    yield (*name, "losses"), reading.losses_w


def _energies(name: tuple[str, str], reading: Reading) -> Iterator[Sample]:
    for counter in COUNTERS:
        kwh = getattr(reading, f"{counter}_kwh_total")
        yield (*name, counter), _joules(kwh)


def _joules(kwh: float | None) -> int | None:
    return None if kwh is None else round(kwh * JOULES_A_KWH)


def _ratio(pct: float | None) -> float | None:
    return None if pct is None else round(pct / 100, 6)


def _gauge(name: str, about: str, labels: Sequence[str], samples: Iterable[Sample]) -> Metric:
    return _filled(GaugeMetricFamily(name, about, labels=labels), samples)


def _counter(name: str, about: str, labels: Sequence[str], samples: Iterable[Sample]) -> Metric:
    return _filled(CounterMetricFamily(name, about, labels=labels), samples)


def _filled(family: GaugeMetricFamily | CounterMetricFamily, samples: Iterable[Sample]) -> Metric:
    for values, value in samples:
        if value is not None:
            family.add_metric(values, value)
    return family
