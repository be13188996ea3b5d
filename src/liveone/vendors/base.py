"""The seam to inverters and their portals.

VendorError
├── CredentialsRefused    wrong e-mail or password; retrying the same ones is pointless
├── RateLimited           the portal asks for patience (retryable)
├── TemporaryFailure      timeouts, 5xx, refused connections, no new sample (retryable)
├── SiteNotFound          the account does not see this site
└── ProtocolViolation     an answer we do not understand; the raw answer is in the error
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol, runtime_checkable

from liveone.domain.grid_sign import GridSignChoice
from liveone.domain.points import Point
from liveone.domain.reading import Reading
from liveone.domain.sources import Role
from liveone.domain.system import SystemInfo
from liveone.errors import LiveOneError
from liveone.vendors.parameters import Settings, VendorParameter

Memory = Mapping[str, Any]
"""What a vendor wants to remember of a site between polls, as JSON; stored with the last answer."""


class VendorError(LiveOneError):
    """Something between us and the inverter failed."""


class CredentialsRefused(VendorError):
    """The portal refused the e-mail or password."""


class RateLimited(VendorError):
    """The portal asks us to slow down; ``retry_after_s`` is what it asked for, if it did."""

    retryable = True

    def __init__(self, message: str, *, hint: str = "", retry_after_s: float | None = None) -> None:
        super().__init__(message, hint=hint)
        self.retry_after_s = retry_after_s


class TemporaryFailure(VendorError):
    """The portal or the network failed; the next try may succeed."""

    retryable = True


class SiteNotFound(VendorError):
    """The account does not see this site."""


class ProtocolViolation(VendorError):
    """An answer we do not understand; ``raw`` is its beginning, redacted."""

    retryable = True

    def __init__(self, message: str, *, hint: str = "", raw: str = "") -> None:
        super().__init__(message, hint=hint)
        self.raw = raw


@dataclass(frozen=True, slots=True)
class VendorAccount:
    """How to reach one account at one brand, or one LAN box.

    ``url`` None is the brand's own address and ``verify_tls`` None the brand's default (a LAN box has
    a certificate of its own making). ``grid_sign`` maps ``vendor_site_id`` to the owner's choice;
    other sites are ``auto``. ``timeout_s`` bounds a whole call, retries and log-in included. ``settings``
    are the values of the adapter's other parameters, by name, as they were given.
    """

    vendor_type: str
    url: str | None = None
    email: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    verify_tls: bool | None = None
    grid_sign: Mapping[str, GridSignChoice] = field(default_factory=dict)
    timeout_s: float = 20.0
    settings: Mapping[str, object] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Poll:
    """One answer: the reading in house units, the raw answer (redacted, JSON), what to remember, and the
    points. ``derived`` are fields of the reading that follow from others; ``missing`` are the sources that
    said nothing in time, with the reason; ``lacks`` are roles that the device says it has no part for."""

    reading: Reading
    raw: Mapping[str, Any]
    memory: Memory = field(default_factory=dict)
    points: tuple[Point, ...] = ()
    derived: tuple[str, ...] = ()
    missing: Mapping[str, str] = field(default_factory=dict)
    lacks: frozenset[Role] = frozenset()


@dataclass(frozen=True, slots=True)
class Site:
    """A site that discovery found."""

    vendor_type: str
    vendor_site_id: str
    name: str


def site_name(vendor: "Vendor", vendor_site_id: str) -> str:
    """What the vendor calls a site; empty where it does not say."""
    try:
        names = [each.name.strip() for each in vendor.discover() if each.vendor_site_id == vendor_site_id]
    except VendorError:
        names = []
    return next(filter(None, names), "")


@dataclass(frozen=True, slots=True)
class CheckStep:
    """One step of a connection test: what was tried, whether it worked, what was seen or what to do.

    ``reading`` is the sample that was fetched by then, for a page to ask whether it is true. ``roles`` are
    those in a house that the device told something of, where that is less than it might give.
    """

    name: str
    ok: bool
    detail: str
    reading: Reading | None = None
    roles: tuple[Role, ...] = ()


@runtime_checkable
class Streaming(Protocol):
    """What an adapter has that hears of its device between polls."""

    on_value: Callable[[], None]
    """Called when something was heard, in whatever thread that comes by."""

    @classmethod
    def streams(cls, settings: Settings) -> bool:
        """Whether it hears between polls, with these settings."""
        ...

    def newest(self, now_at: float) -> Poll | None:
        """What the device says at this moment, without asking it; None where that is nothing.

        Raises VendorError for what is not understood.
        """
        ...


class Vendor(Protocol):
    """One account at one brand (or one LAN box); shared by all its systems, safe to call from threads.

    Every call has a bounded duration and raises only VendorError. The class is the plug-in: ``vendor_type``
    is its name, ``title`` what a form calls it, ``parameters`` what it must be told, and ``needs_site`` says
    whether a site must be named because an account may see several. It is made of a VendorAccount, and sends
    nothing until it is asked.
    """

    vendor_type: ClassVar[str]
    title: ClassVar[str]
    parameters: ClassVar[tuple[VendorParameter, ...]]
    needs_site: ClassVar[bool]

    @classmethod
    def fields(cls, settings: Settings) -> frozenset[str]:
        """The fields of a reading that it can give, with these settings."""
        ...

    @classmethod
    def roles(cls, settings: Settings) -> tuple[Role, ...]:
        """The roles in a house that it can give, with these settings."""
        ...

    def poll(self, vendor_site_id: str, *, memory: Memory, now_at: float) -> Poll:
        """The newest sample of a site. ``memory`` is what the last Poll of the site asked to keep."""
        ...

    def discover(self) -> Sequence[Site]:
        """The sites this account sees."""
        ...

    def describe(self, vendor_site_id: str) -> SystemInfo:
        """What the vendor says of the site's hardware."""
        ...

    def check(self, vendor_site_id: str, *, now_at: float) -> Iterator[CheckStep]:
        """Test the connection step by step; stops after the first step that fails."""
        ...

    def close(self) -> None:
        """Release connections."""
        ...
