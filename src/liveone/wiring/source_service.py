"""What the administrator's page has done with the devices that systems are made of."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from liveone.clock import Clock
from liveone.store import sources as stored
from liveone.store.store import Store
from liveone.web.services import Facts, SourceOrder
from liveone.wiring.adding_sources import NewSource, add_source, check_source, source_facts, source_kinds
from liveone.wiring.admin_service import step_facts
from liveone.wiring.house_sources import SourceBook


@dataclass(frozen=True)
class SourceService:
    """Every call may raise LiveOneError."""

    store: Store
    clock: Clock
    book: SourceBook

    def are_kept(self) -> bool:
        """Whether the database has room for sources."""
        return self.store.detect_again().keeps_sources

    def kinds(self) -> list[Facts]:
        """Every kind of source, with what it must be told."""
        return [
            {
                "vendorType": kind.vendor_type,
                "title": kind.title,
                "roles": list(kind.roles),
                "needsSite": kind.needs_site,
                "parameters": [asdict(each) for each in kind.parameters],
            }
            for kind in source_kinds()
        ]

    def listed(self, system_id: int) -> Sequence[Facts]:
        """The sources of a system, without secrets."""
        return [source_facts(source) for source in stored.list_sources(self.store, system_id)]

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


def _new(order: SourceOrder) -> NewSource:
    return NewSource(order.system_id, order.vendor_type, order.name, order.site, order.roles, order.settings)
