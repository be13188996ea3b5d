"""What the administrator's page has done with the devices that systems are made of."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from liveone.clock import Clock
from liveone.errors import BadInput, sentence
from liveone.store import sources as stored
from liveone.store.store import Store
from liveone.vendors.discovery.look import WHOLE_S, LookProgress, hosts_of, looking, own_subnet
from liveone.vendors.discovery.probes import FoundDevice
from liveone.web.services import Facts, SourceOrder
from liveone.wiring.adding_sources import (
    NewSource,
    add_source,
    check_source,
    kind_of,
    source_facts,
    source_kinds,
)
from liveone.wiring.admin_service import step_facts
from liveone.wiring.house_sources import SourceBook


class OneLook:
    """At most one look around at a time. One that nobody ended is over after WHOLE_S."""

    def __init__(self) -> None:
        self._lock, self._until_s = threading.Lock(), 0.0

    def begin(self, now_s: float) -> None:
        """Raises BadInput while another is under way."""
        with self._lock:
            if now_s < self._until_s:
                raise BadInput(
                    sentence("somebody is looking around already"),
                    hint=sentence("Wait until that is done: a minute and a half at most."),
                )
            self._until_s = now_s + WHOLE_S

    def end(self) -> None:
        """It is over."""
        with self._lock:
            self._until_s = 0.0


@dataclass(frozen=True)
class SourceService:
    """Every call may raise LiveOneError."""

    store: Store
    clock: Clock
    book: SourceBook
    looks: OneLook = field(default_factory=OneLook)

    def are_kept(self) -> bool:
        """Whether the database has room for sources."""
        return self.store.detect_again().keeps_sources

    def kinds(self) -> list[Facts]:
        """Every kind of source, with what it must be told."""
        return [
            {
                "vendorType": kind.vendor_type,
                "title": kind.title,
                "makes": list(kind.makes),
                "roles": list(kind.roles),
                "needsSite": kind.needs_site,
                "parameters": [asdict(each) for each in kind.parameters],
            }
            for kind in source_kinds()
        ]

    def listed(self, system_id: int) -> Sequence[Facts]:
        """The sources of a system, without secrets."""
        return [source_facts(source) for source in stored.list_sources(self.store, system_id)]

    def look(self, places: Sequence[str]) -> Iterator[Facts]:
        """Look for devices on the local network. Raises BadInput at once."""
        hosts = hosts_of(places or [own_subnet()])
        self.looks.begin(self.clock.monotonic_s())

        def steps() -> Iterator[Facts]:
            try:
                yield from map(_look_facts, looking(hosts))
            finally:
                self.looks.end()

        return steps()

    def check(self, order: SourceOrder) -> Iterator[Facts]:
        """Test a connection step by step."""
        return map(step_facts, check_source(_new(order), now_at=self.clock.now_at()))

    def add(self, order: SourceOrder) -> Facts:
        """Keep a source; ``token`` is there for one that sends by itself."""
        added = add_source(self.store, self.book, _new(order))
        token: dict[str, Any] = {"token": added.token} if added.token else {}
        return {"source": source_facts(added.source), **token}

    def remove(self, system_id: int, name: str) -> None:
        """Take a source away."""
        stored.remove_source(self.store, stored.find_source(self.store, system_id, name))


def _look_facts(step: FoundDevice | LookProgress) -> Facts:
    if isinstance(step, LookProgress):
        return asdict(step)
    return {
        "host": step.host,
        "vendorType": step.vendor_type,
        "title": kind_of(step.vendor_type).title,
        "settings": dict(step.settings),
        "seen": step.seen,
    }


def _new(order: SourceOrder) -> NewSource:
    return NewSource(order.system_id, order.vendor_type, order.name, order.site, order.roles, order.settings)
