"""What the routes need, wired by ``main``: the web never sees the collector, only what it can ask of it."""

from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from liveone.accounts.people import People
from liveone.clock import Clock
from liveone.domain.averages import Timed
from liveone.domain.reading import Reading
from liveone.domain.sources import HouseSource
from liveone.domain.system import System
from liveone.domain.zones import Zone
from liveone.errors import LiveOneError
from liveone.store.store import Store

if TYPE_CHECKING:
    from liveone.web.auth.callers import AuthSettings


@dataclass(frozen=True, slots=True)
class PollOutcome:
    """What polling one system gave: ``solar`` in W, ``battery`` the state of charge in %, as the original
    service told it; ``battery_w`` in house signs, ``delay`` in seconds.

    ``system`` is the vendor's name of the site; ``error`` says why when ``success`` is false.
    """

    system: str
    success: bool
    solar: int | None = None
    battery: float | None = None
    battery_w: int | None = None
    delay: float | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class DailyOutcome:
    """The ``days`` (YYYY-MM-DD, local) that were closed for one system."""

    system: str
    success: bool
    days: Sequence[str] = ()
    error: str | None = None


@dataclass(frozen=True, slots=True)
class AcceptedValues:
    """What became of values that a source sent: how many moments were ``accepted``, how many of them were
    ``new``, how many readings of the past were ``recorded`` at once, and how many moments came too ``late``
    to become part of a reading of a house that has other sources too."""

    accepted: int
    new: int
    recorded: int = 0
    late: int = 0


@dataclass(frozen=True, slots=True)
class DailyJob:
    """What the daily job is asked to do.

    ``yesterday``: close the day before today of every system; ``catchup``: close every complete day that is
    still open; ``clear``: compute all days again, both of all systems or of ``system_id``; ``day``: one
    ``day`` of ``system_id``.
    """

    action: Literal["yesterday", "catchup", "clear", "day"]
    system_id: int | None = None
    day: str | None = None


Facts = Mapping[str, Any]
"""What is answered as it is: names in camelCase, times in UTC epoch seconds."""


class Administration(Protocol):
    """What an administrator may have done. Every call may take seconds and raises LiveOneError."""

    def accounts(self) -> Sequence[Facts]:
        """The configured accounts: ``name``, ``vendorType``."""
        ...

    def discover(self, account: str) -> Sequence[Facts]:
        """The sites an account sees: ``vendorType``, ``vendorSiteId``, ``name``."""
        ...

    def check(self, vendor_type: str, vendor_site_id: str) -> Iterator[Facts]:
        """Test a connection: a step as it ends, ``name``, ``ok``, ``detail``, ``powers`` (the sample, once
        there is one); the first that fails is the last."""
        ...

    def add(self, vendor_type: str, vendor_site_id: str, name: str, zone: Zone, *, owner: str | None) -> int:
        """Add a system with the hardware its vendor names; returns its id. With an empty name it is called
        as the vendor calls the site. ``owner`` is an account's id, None for the single owner."""
        ...

    def ledger(self) -> Facts:
        """The schema as it stands, what migrations did, and the runs with their reports."""
        ...

    def report_file(self, run_id: str, kind: Literal["md", "html"]) -> Path:
        """The report of a run. Raises BadInput when there is none."""
        ...


@dataclass(frozen=True, slots=True)
class FileOrder:
    """How a file of readings is to be imported: ``name`` is what its sender calls it, the rest are the
    options of `liveone import`; ``made_by`` stands in the log."""

    name: str
    made_by: str
    layout: str = "auto"
    maps: Sequence[str] = ()
    zone: str = ""
    date_order: str = ""
    energy_unit: str = ""
    power_unit: str = ""
    encoding: str = ""
    replaces: bool = False
    is_dry_run: bool = False


@dataclass(frozen=True, slots=True)
class SpanOrder:
    """Readings to take out, from ``first`` to ``last``: local days or instants, both included; or only the
    values of ``columns``, where it says ``exclude``."""

    kind: Literal["forget", "exclude"]
    first: str
    last: str
    made_by: str
    columns: Sequence[str] = ()
    reason: str = ""
    is_dry_run: bool = False


class Repairs(Protocol):
    """Imports and repairs of readings. Every call may take minutes and raises LiveOneError."""

    def choices(self) -> Facts:
        """What a file may be said to be: ``formats``, ``energyUnits``, ``powerUnits``."""
        ...

    def changes(self) -> Sequence[Facts]:
        """The log of changes, newest first."""
        ...

    def import_file(self, system_id: int, path: Path, order: FileOrder) -> Facts:
        """Import a file, or say what that would do: counts, what was wrong, and the first readings."""
        ...

    def undo(self, change_id: int, made_by: str) -> Facts:
        """Take a change back; the change, with its ``systemId``."""
        ...

    def take_out(self, system_id: int, order: SpanOrder) -> Facts:
        """Forget or exclude readings, or say how many those are."""
        ...


@dataclass(frozen=True, slots=True)
class SourceOrder:
    """A source that is to be tested or added; ``settings`` by the names of its kind's parameters."""

    system_id: int
    vendor_type: str
    name: str
    site: str
    roles: Sequence[str]
    settings: Mapping[str, Any] = field(repr=False)


class SourceAdministration(Protocol):
    """The devices that systems are made of. Every call may raise LiveOneError."""

    def are_kept(self) -> bool:
        """Whether the database has room for sources."""
        ...

    def kinds(self) -> Sequence[Facts]:
        """Every kind of source: ``vendorType``, ``title``, ``roles``, ``needsSite``, ``parameters``."""
        ...

    def listed(self, system_id: int) -> Sequence[Facts]:
        """The sources of a system, without secrets."""
        ...

    def look(self, places: Sequence[str]) -> Iterator[Facts]:
        """Look for devices at addresses, names and networks, or on the server's own: ``looked`` and
        ``places``, or a device with ``host``, ``vendorType``, ``title``, ``settings``, ``seen``."""
        ...

    def check(self, order: SourceOrder) -> Iterator[Facts]:
        """Test a connection step by step: ``name``, ``ok``, ``detail``, ``powers``."""
        ...

    def add(self, order: SourceOrder) -> Facts:
        """Keep a source: ``source``, and ``token`` for one that sends by itself."""
        ...

    def remove(self, system_id: int, name: str) -> None:
        """Take a source away."""
        ...


class Pushes(Protocol):
    """What takes readings from sources that send by themselves. Every call may raise StoreError."""

    def source_of(self, token: str) -> HouseSource | None:
        """The source that a token lets in."""
        ...

    def accept(self, source: HouseSource, samples: Sequence[Timed]) -> AcceptedValues:
        """Keep values durably; returns when they are."""
        ...


class LiveValues(Protocol):
    """What systems are between their readings, from sources that tell by themselves."""

    def follow(self, heard: Callable[[int], None]) -> None:
        """Call ``heard`` with a system's id, from any thread, when one of its sources tells something."""
        ...

    def want(self, system_ids: Collection[int]) -> None:
        """These systems are looked at, and no others."""
        ...

    def now_of(self, system_id: int) -> Reading | None:
        """The newest values of a system; None where that is not known."""
        ...


class Backups(Protocol):
    """The backups of the database. Every call may take minutes and raises LiveOneError."""

    def found(self) -> Sequence[Facts]:
        """The backups there are, newest first: ``name``, ``bytes``, ``at``."""
        ...

    def making(self) -> Facts | None:
        """The one that is being made: ``sinceAt``, ``bytes`` of about ``ofBytes``."""
        ...

    def schedule(self) -> Facts:
        """``everyS`` (0: none are made by themselves), ``error`` of the last try, ``restoredAt``."""
        ...

    def free_bytes(self) -> int:
        """The room there is for more."""
        ...

    def back_up(self) -> Facts:
        """Make a proven backup: ``name``, ``bytes``, ``sha256``, ``rows``."""
        ...

    def file(self, name: str) -> Path:
        """Where a backup is. Raises BadInput for a name that is none."""
        ...

    def contents(self, name: str) -> Facts:
        """Prove a backup; what it holds beside what the database holds, a system a row."""
        ...

    def restore_refusal(self) -> LiveOneError | None:
        """Why no backup can be put back here."""
        ...

    def restore(self, name: str) -> Facts:
        """Put a backup's content in place of the database's, after a backup of what is there now."""
        ...


@dataclass(frozen=True, slots=True)
class Services:
    """``poll_now`` polls every active system once; ``daily`` closes days; ``collector_status`` says how
    collecting goes (numbers, ``spool_waiting`` among them, and ``problems`` in words); ``release`` is
    ``<version>+<commit>``; ``cadence_s`` the seconds between polls; ``role`` what this process does;
    without ``administration``, ``backups``, ``repairs`` and ``sources`` the administrator's page only shows,
    and without ``pushes`` nobody may send readings. An event
    stream ends after ``stream_s`` (its client comes again and catches up); ``reserve_pct`` is how much the
    settings leave in a system's battery, None where it is to be learned; ``notice`` is what the operator
    has to know of this instance. ``writes`` is false where the database's token only reads.
    ``announcing`` says how telling by MQTT goes, where this process does, ``live`` what systems are
    between readings. Without ``people`` the application makes its own of ``store`` and ``auth``.
    """

    store: Store
    clock: Clock
    auth: "AuthSettings"
    poll_now: Callable[[], Awaitable[Sequence[PollOutcome]]]
    daily: Callable[[DailyJob], Awaitable[Sequence[DailyOutcome]]]
    collector_status: Callable[[], Mapping[str, Any]]
    release: str
    cadence_s: int = 60
    role: str = "all"
    administration: Administration | None = None
    announcing: Callable[[], Mapping[str, Any]] | None = None
    backups: Backups | None = None
    live: LiveValues | None = None
    repairs: Repairs | None = None
    people: People | None = None
    pushes: Pushes | None = None
    sources: SourceAdministration | None = None
    stream_s: float = 3600.0
    reserve_pct: Callable[[System], float | None] = lambda _: None
    notice: str = ""
    writes: bool = True
