"""Prometheus text: base units, suffixes and help as ``promtool check metrics`` wants them.

A quantity that was not measured has no sample; powers, state of charge and age are gauges, energies and
polls counters.
"""

import resource
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from liveone.domain.reading import COUNTERS, POWERS, Reading
from liveone.domain.system import System
from liveone.store import polling, readings
from liveone.store.polling import PollingStatus
from liveone.web.now.cards import Cards
from liveone.web.now.readings_json import ENERGY_KEYS
from liveone.web.services import Services

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
JOULES_A_KWH = 3_600_000
SAID_BY_COLLECTOR = {
    "spool_waiting": "Readings that wait on disk for the database.",
    "spool_held": "Readings that this generation of the database cannot hold.",
    "spool_bytes": "Size of the spool on disk.",
    "stuck": "Polls that have not answered for too long.",
}

Labels = Mapping[str, str]
Sample = tuple[Labels, float | int | None]


@dataclass(frozen=True, slots=True)
class Family:
    """One metric with its samples; a sample of None is left out."""

    name: str
    kind: str
    help: str
    samples: list[Sample]


def exposition(services: Services, cards: Cards, visible: Iterable[System], *, listeners: int) -> str:
    """All metrics of the systems given, and of this process; ``cards`` know the energies of today."""
    now_at, statuses = services.clock.now_at(), polling.statuses(services.store)
    newest = readings.latest_many(services.store, now_at)
    systems = list(visible)
    families = [
        *_system_families(systems, newest, now_at),
        _today(cards, systems, newest, now_at),
        *_polling_families(systems, statuses),
        *_server_families(services, listeners),
    ]
    return "".join(line for family in families for line in _lines(family))


def _system_families(systems: list[System], newest: Mapping[int, Reading], now_at: float) -> Iterator[Family]:
    known = [(_name(system), newest[system.id]) for system in systems if system.id in newest]
    info = [({**_name(one), "site": one.vendor_site_id, "vendor": one.vendor_type}, 1) for one in systems]
    yield Family("liveone_system_info", "gauge", "Every system: its site and vendor.", list(info))
    yield Family(
        "liveone_system_active",
        "gauge",
        "1 while a system is polled, 0 while it is paused.",
        [(_name(one), int(one.is_active)) for one in systems],
    )
    yield Family(
        "liveone_power_watts",
        "gauge",
        "Power; battery > 0 discharges, grid > 0 imports, losses are what the others leave unexplained.",
        [sample for name, reading in known for sample in _powers(name, reading)],
    )
    yield Family(
        "liveone_battery_charge_ratio",
        "gauge",
        "State of charge of the battery, 0 to 1.",
        [(name, _ratio(reading.battery_soc_pct)) for name, reading in known],
    )
    yield Family(
        "liveone_energy_joules_total",
        "counter",
        "The device's own energy counters since it was installed.",
        [sample for name, reading in known for sample in _energies(name, reading)],
    )
    yield Family(
        "liveone_reading_age_seconds",
        "gauge",
        "Time since the newest reading was received.",
        [(name, round(now_at - reading.received_time, 3)) for name, reading in known],
    )
    yield Family(
        "liveone_fault_code",
        "gauge",
        "The device's fault code, 0 when it reports none.",
        [(name, reading.fault_code) for name, reading in known],
    )


def _today(cards: Cards, systems: list[System], newest: Mapping[int, Reading], now_at: float) -> Family:
    """Counters that stand, start anew or are missing are mended in it, as everywhere."""
    samples: list[Sample] = []
    for system in systems:
        if system.id in newest:
            today_kwh = cards.today_kwh(system, newest[system.id], now_at)
            for counter, key in zip(COUNTERS, ENERGY_KEYS, strict=True):
                samples.append(({**_name(system), "counter": counter}, _joules(today_kwh[key])))
    return Family(
        "liveone_energy_today_joules",
        "gauge",
        "Energy since local midnight, as the pages tell it; worked out anew every five minutes.",
        samples,
    )


def _polling_families(systems: list[System], statuses: Mapping[int, PollingStatus]) -> Iterator[Family]:
    known = [(_name(system), statuses[system.id]) for system in systems if system.id in statuses]
    yield Family("liveone_polls_total", "counter", "Polls.", [(name, one.total_polls) for name, one in known])
    yield Family(
        "liveone_polls_successful_total",
        "counter",
        "Polls that brought a reading.",
        [(name, one.successful_polls) for name, one in known],
    )
    yield Family(
        "liveone_polls_failing",
        "gauge",
        "Polls that have failed since the last success.",
        [(name, one.consecutive_errors) for name, one in known],
    )


def _server_families(services: Services, listeners: int) -> Iterator[Family]:
    generation = str(services.store.generation)
    build = {"release": services.release, "generation": generation, "role": services.role}
    yield Family("liveone_build_info", "gauge", "Release, database generation and role.", [(build, 1)])
    yield Family("liveone_stream_listeners", "gauge", "Open event streams.", [({}, listeners)])
    said = services.collector_status()
    polled = [({"system": str(key)}, 1) for key in said.get("polled_systems", ())]
    yield Family("liveone_polled_here", "gauge", "The systems that this process polls.", list(polled))
    for key, text in SAID_BY_COLLECTOR.items():
        if isinstance(said.get(key), int):
            yield Family(f"liveone_collector_{key}", "gauge", text, [({}, said[key])])
    usage = resource.getrusage(resource.RUSAGE_SELF)
    seconds = round(usage.ru_utime + usage.ru_stime, 3)
    yield Family("process_cpu_seconds_total", "counter", "CPU time used.", [({}, seconds)])
    unit = 1 if sys.platform == "darwin" else 1024
    most = usage.ru_maxrss * unit
    yield Family("liveone_memory_peak_bytes", "gauge", "Most memory ever resident.", [({}, most)])


def _name(system: System) -> dict[str, str]:
    return {"system": str(system.id), "name": system.display_name}


def _powers(name: Labels, reading: Reading) -> Iterator[Sample]:
    for power in POWERS:
        yield {**name, "at": power}, getattr(reading, f"{power}_w")
    yield {**name, "at": "losses"}, reading.losses_w


def _energies(name: Labels, reading: Reading) -> Iterator[Sample]:
    for counter in COUNTERS:
        kwh = getattr(reading, f"{counter}_kwh_total")
        yield {**name, "counter": counter}, _joules(kwh)


def _joules(kwh: float | None) -> int | None:
    return None if kwh is None else round(kwh * JOULES_A_KWH)


def _ratio(pct: float | None) -> float | None:
    return None if pct is None else round(pct / 100, 6)


def _lines(family: Family) -> Iterator[str]:
    samples = [(labels, value) for labels, value in family.samples if value is not None]
    if not samples:
        return
    yield f"# HELP {family.name} {family.help}\n# TYPE {family.name} {family.kind}\n"
    for labels, value in samples:
        yield f"{family.name}{_braced(labels)} {value}\n"


def _braced(labels: Labels) -> str:
    inner = ",".join(f'{key}="{_escaped(value)}"' for key, value in labels.items())
    return f"{{{inner}}}" if inner else ""


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
