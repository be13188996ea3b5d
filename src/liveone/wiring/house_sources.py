"""The sources that the database keeps, opened: which system takes its reading from which devices.

Rule: a system without sources is polled as its account says, and nothing is asked for it. The rows are read
again at most every LOOK_S; while the database is away what was known last holds.
"""

import json
import threading
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from liveone.clock import Clock
from liveone.domain.averages import averaged
from liveone.domain.points import sent_points, without_points
from liveone.domain.reading import Reading
from liveone.domain.sources import HouseSource, Role
from liveone.domain.system import System
from liveone.errors import BadInput, ConfigError
from liveone.sealing import SecretBox
from liveone.store import sources as stored
from liveone.store.database import StoreError
from liveone.store.store import Store
from liveone.vendors.adapter import account_of
from liveone.vendors.base import Memory, Poll, Streaming, TemporaryFailure, Vendor
from liveone.vendors.house import AskedSource, HouseOfSources
from liveone.vendors.parameters import Setting, VendorParameter, checked
from liveone.vendors.registry import open_vendor, vendor_class

LOOK_S = 15.0
LATE_POLLS = 3


@dataclass(frozen=True, slots=True)
class ChosenSettings:
    """An adapter's settings as an owner gave them, parted: what may be read, and what is sealed."""

    plain: Mapping[str, Setting]
    secrets_sealed: str | None


class SourceBook:
    """The sources of all systems. Safe to call from any thread."""

    def __init__(self, store: Store, box: SecretBox, clock: Clock) -> None:
        self._store, self._box, self._clock = store, box, clock
        self._lock = threading.Lock()
        self._known: dict[int, tuple[HouseSource, ...]] = {}
        self._looked_s = float("-inf")
        self._pushed_now: dict[int, dict[str, tuple[int, Any]]] = {}
        self.on_value: Callable[[int], None] = lambda _: None
        """Called with the id of a system of which a source told something by itself."""

        self._open: dict[int, tuple[HouseSource, Vendor]] = {}
        self._houses: dict[int, tuple[tuple[HouseSource, ...], HouseOfSources]] = {}

    def of(self, system_id: int) -> tuple[HouseSource, ...]:
        """The sources of a system as last known."""
        with self._lock:
            self._look()
            return self._known.get(system_id, ())

    def house(self, system: System, base: "AskedSource | None" = None) -> HouseOfSources | None:
        """The house of a system; None where it has no sources. ``base`` is the account that polls it."""
        found = self.of(system.id)
        with self._lock:
            if not found:
                self._houses.pop(system.id, None)
                return None
            rows, house = self._houses.get(system.id, ((), None))
            if house is None or rows != found:
                asked = [self._asked(source) for source in found]
                given = frozenset(role for source in found for role in source.roles)
                if base is not None and base.roles - given:
                    asked.insert(0, replace(base, roles=base.roles - given))
                house = HouseOfSources(asked, late_s=self._late_s())
                self._houses[system.id] = found, house
            return house

    def now_of(self, system_id: int, now_at: float) -> Reading | None:
        """What the sources of a system say at this moment; None before its first poll. Nobody is asked."""
        with self._lock:
            _, house = self._houses.get(system_id, ((), None))
        return None if house is None else house.now(now_at)

    def is_polled(self, system_id: int) -> bool:
        """Whether this process polls a system that has sources."""
        with self._lock:
            _, house = self._houses.get(system_id, ((), None))
        return house is not None and house.is_polled()

    def source(self, source_id: int) -> HouseSource | None:
        """A source as last known."""
        with self._lock:
            self._look()
            return next((one for each in self._known.values() for one in each if one.id == source_id), None)

    def keep_pushed(self, source: HouseSource, at: int, values: Mapping[str, Any]) -> None:
        """What a source sent last, for ``now_of``."""
        with self._lock:
            known = self._pushed_now.setdefault(source.id, {})
            for name, value in without_points(values).items():
                if at >= known.get(name, (0, None))[0]:
                    known[name] = at, value
        self.on_value(source.system_id)

    def vendor(self, source: HouseSource) -> Vendor:
        """The adapter of a source, led to its device. Raises LiveOneError."""
        with self._lock:
            return self._vendor(source)

    def seal(
        self, parameters: tuple[VendorParameter, ...], settings: Mapping[str, Setting]
    ) -> ChosenSettings:
        """Checked settings as they are kept."""
        secret = {
            each.name: settings[each.name] for each in parameters if each.secret and each.name in settings
        }
        plain = {name: value for name, value in settings.items() if name not in secret}
        return ChosenSettings(plain, self._box.seal(json.dumps(secret)) if secret else None)

    def settings(self, source: HouseSource) -> Mapping[str, Any]:
        """The settings of a source, its secrets opened. Raises CannotOpen."""
        secret = json.loads(self._box.open(source.secrets_sealed)) if source.secrets_sealed else {}
        return {**source.settings, **secret}

    def close(self) -> None:
        """Release every adapter."""
        with self._lock:
            self._drop([*self._open])

    def _look(self) -> None:
        now_s = self._clock.monotonic_s()
        if now_s - self._looked_s < LOOK_S:
            return
        self._looked_s = now_s
        try:
            rows = stored.list_sources(self._store)
        except StoreError:
            return
        found: defaultdict[int, list[HouseSource]] = defaultdict(list)
        for source in rows:
            found[source.system_id].append(source)
        self._known = {system_id: tuple(each) for system_id, each in found.items()}
        kept = {source.id: source for source in rows}
        self._drop([key for key, (source, _) in self._open.items() if kept.get(key) != source])

    def _drop(self, gone: list[int]) -> None:
        for key in gone:
            self._open.pop(key)[1].close()

    def _vendor(self, source: HouseSource) -> Vendor:
        if source.id not in self._open:
            cls = vendor_class(source.vendor_type)
            try:
                settings = checked(cls.parameters, self.settings(source), where=f"source {source.name}")
            except BadInput as error:
                raise ConfigError(error.args[0], hint=error.hint) from None
            vendor = open_vendor(account_of(source.vendor_type, settings))
            self._open[source.id] = source, vendor
            if isinstance(vendor, Streaming):
                vendor.on_value = lambda: self.on_value(source.system_id)
        return self._open[source.id][1]

    def _asked(self, source: HouseSource) -> AskedSource:
        roles = frozenset(source.roles)
        if source.is_pushed:
            newest = partial(self._pushed_newest, source)
            return AskedSource(source.name, roles, source.sent_fields, self._pushed(source), newest)
        cls = vendor_class(source.vendor_type)
        fields = cls.fields(source.settings)

        def ask(memory: Memory, now_at: float) -> Poll:
            return self.vendor(source).poll(source.site, memory=memory, now_at=now_at)

        streams = getattr(cls, "streams", None)
        tells = partial(self._heard_newest, source) if streams and streams(source.settings) else None
        return AskedSource(source.name, roles, fields, ask, tells)

    def _heard_newest(self, source: HouseSource, now_at: float) -> Reading | None:
        with self._lock:
            _, vendor = self._open.get(source.id, (None, None))
        poll = vendor.newest(now_at) if isinstance(vendor, Streaming) else None
        return None if poll is None else poll.reading

    def _pushed_newest(self, source: HouseSource, now_at: float) -> Reading | None:
        with self._lock:
            known = dict(self._pushed_now.get(source.id, {}))
        fresh = {name: each for name, each in known.items() if now_at - each[0] <= self._late_s()}
        if not fresh:
            return None
        newest_at = max(at for at, _ in fresh.values())
        values = {name: value for name, (_, value) in fresh.items()}
        return Reading(inverter_time=newest_at, received_time=int(now_at), **values)

    def _pushed(self, source: HouseSource) -> Any:
        span_s = self._store.cadence_s

        def ask(memory: Memory, now_at: float) -> Poll:
            end_at = int(now_at)
            late_s = int(self._late_s())
            samples = stored.values_between(self._store, source.id, end_at - late_s, end_at)
            if not samples:
                raise TemporaryFailure(
                    f"it has sent nothing for {late_s} s", hint="Is what sends it running?"
                )
            values = averaged(samples, start_at=end_at - span_s, end_at=end_at)
            reading = Reading(inverter_time=samples[-1][0], received_time=end_at, **without_points(values))
            told = tuple(sent_points(values, source.name))
            return Poll(reading, {"sent": len(samples)}, points=told)

        return ask

    def _late_s(self) -> float:
        return float(LATE_POLLS * self._store.cadence_s)


def base_of(system: System, vendor: Vendor) -> AskedSource:
    """The account that polls a system, as the source that gives what its other sources do not."""
    roles: frozenset[Role] = frozenset(vendor.roles({}))

    def ask(memory: Memory, now_at: float) -> Poll:
        return vendor.poll(system.vendor_site_id, memory=memory, now_at=now_at)

    return AskedSource(system.vendor_type, roles, vendor.fields({}), ask)
