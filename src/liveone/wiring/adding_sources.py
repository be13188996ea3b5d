"""Adding a source: from what an owner gives to a row, for the command line and the administrator's page."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from liveone.domain.push_token import new_push_token, push_token_hash
from liveone.domain.reading import Reading
from liveone.domain.sources import (
    PUSH,
    ROLE_FIELDS,
    ROLES,
    HouseSource,
    Role,
    checked_roles,
    checked_source_name,
)
from liveone.errors import BadInput, ConfigError
from liveone.store import sources as stored
from liveone.store.store import Store
from liveone.vendors.adapter import Adapter, HttpAdapter, account_of
from liveone.vendors.base import CheckStep, VendorError
from liveone.vendors.parameters import Settings, VendorParameter, checked
from liveone.vendors.recording import recording_of
from liveone.vendors.registers.maps import shipped_maps
from liveone.vendors.registry import open_vendor, vendor_class, vendor_types
from liveone.wiring.house_sources import SourceBook

POINTS_ONLY = "points"
"""Named instead of roles: what the device tells is no part of the house's balance, and all of it points."""

PUSH_TITLE = "Sends by itself (HTTP, line protocol)"


@dataclass(frozen=True, slots=True)
class NewSource:
    """What an owner gives: ``settings`` by the names of the adapter's parameters, as texts or values."""

    system_id: int
    vendor_type: str
    name: str
    site: str = ""
    roles: Sequence[str] = ()
    settings: Mapping[str, object] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class AddedSource:
    """``token`` is there for one that sends by itself: it is shown this once."""

    source: HouseSource
    token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class SourceKind:
    """A ``vendor_type`` as a form and a list show it. Where settings decide, it gives any role. ``makes`` are
    those that its title does not name."""

    vendor_type: str
    title: str
    roles: tuple[Role, ...]
    needs_site: bool
    parameters: tuple[VendorParameter, ...]
    makes: tuple[str, ...] = ()


def source_kinds() -> list[SourceKind]:
    """Every type of source there is; one whose package is broken is left out."""
    return [kind for vendor_type in (PUSH, *vendor_types()) if (kind := _kind(vendor_type)) is not None]


def kind_of(vendor_type: str) -> SourceKind:
    """One type of source. Raises BadInput for an unknown one, ConfigError for a broken package."""
    if vendor_type == PUSH:
        return SourceKind(PUSH, PUSH_TITLE, ROLES, False, ())
    if vendor_type not in vendor_types():
        raise BadInput(
            f"there is no type of source {vendor_type!r}",
            hint=f"Known: {', '.join((PUSH, *vendor_types()))}.",
        )
    cls = vendor_class(vendor_type)
    defaults = {each.name: each.default for each in cls.parameters if each.default is not None}
    try:
        roles = cls.roles(defaults)
    except ConfigError:
        roles = ()
    return SourceKind(
        vendor_type, cls.title, roles or ROLES, cls.needs_site, cls.parameters, getattr(cls, "makes", ())
    )


def ways_to_read(make: str) -> list[str]:
    """The types of source that read a make, by what an owner calls it; with the register map or preset."""
    word = make.strip().lower()
    found: list[str] = []
    for kind in source_kinds() if word else ():
        chosen = [
            f"{kind.vendor_type} --{each.name} {choice}"
            for each in kind.parameters
            if each.name in ("map", "preset")
            for choice in each.choices
            if word in choice or (each.name == "map" and word in shipped_maps()[choice].title.lower())
        ]
        is_named = any(word in name.lower() for name in (kind.title, *kind.makes))
        found += chosen or ([kind.vendor_type] if is_named else [])
    return found


def check_source(new: NewSource, *, now_at: float) -> Iterator[CheckStep]:
    """Test the connection of a source that is to be added. Raises BadInput, ConfigError at once.

    Where no roles are named and the device tells nothing of some, a last step says so: what a house waits for
    and never gets would be absent for ever.
    """
    settings = _settings(new)
    vendor = open_vendor(account_of(new.vendor_type, settings))

    def steps() -> Iterator[CheckStep]:
        last = None
        try:
            for last in vendor.check(new.site or "house", now_at=now_at):
                yield last
        finally:
            vendor.close()
        if last is not None and last.ok and last.reading is not None and not new.roles:
            yield from _silent_roles(new, settings, last.reading)

    return steps()


def _silent_roles(new: NewSource, settings: Settings, reading: Reading) -> Iterator[CheckStep]:
    """The roles that a device tells nothing of. Solar is silent at night, and stays; so does what settings
    name."""
    adapter = vendor_class(new.vendor_type)
    given, fields = adapter.roles(settings), adapter.fields(settings)
    told = {
        role
        for role in given
        if role == "solar"
        or any(name in settings for name in ROLE_FIELDS[role])
        or any(getattr(reading, name) is not None for name in fields.intersection(ROLE_FIELDS[role]))
    }
    silent = [role for role in given if role not in told]
    if silent and told:
        detail = (
            f"it tells nothing of {', '.join(silent)}, and is not waited for there; "
            "if it will, add it with each of its roles named"
        )
        yield CheckStep(
            "roles", ok=True, detail=detail, reading=reading, roles=tuple(r for r in given if r in told)
        )


def add_source(store: Store, book: SourceBook, new: NewSource) -> AddedSource:
    """Keep a source; nothing is asked of it. Raises BadInput, ConfigError, StoreError."""
    kind, name = kind_of(new.vendor_type), checked_source_name(new.name)
    if kind.needs_site and not new.site:
        raise BadInput(
            f"which site of {new.vendor_type}?", hint="`liveone systems discover` lists those of an account."
        )
    if new.vendor_type == PUSH:
        token, roles = new_push_token(), _roles(new.roles, ROLES)
        if not new.roles:
            known = ", ".join(ROLES)
            raise BadInput("what does it send?", hint=f"Name its roles: {known}; or {POINTS_ONLY}.")
        kept = stored.add_source(
            store, new.system_id, name=name, vendor_type=PUSH, roles=roles, settings={},
            token_hash=push_token_hash(token),
        )  # fmt: skip
        return AddedSource(kept, token)
    settings = _settings(new)
    roles = _roles(new.roles, vendor_class(new.vendor_type).roles(settings))
    chosen = book.seal(kind.parameters, settings)
    kept = stored.add_source(
        store, new.system_id, name=name, vendor_type=new.vendor_type, site=new.site, roles=roles,
        settings=chosen.plain, secrets_sealed=chosen.secrets_sealed,
    )  # fmt: skip
    return AddedSource(kept)


def _roles(chosen: Sequence[str], given: Sequence[Role]) -> tuple[Role, ...]:
    """As ``checked_roles``; none for a device that is no part of the balance."""
    return () if list(chosen) == [POINTS_ONLY] else checked_roles(chosen, given)


def recorded(vendor_type: str, given: Mapping[str, object], *, now_at: float) -> dict[str, Any]:
    """Ask a device once, and record it; what went wrong stands in it. Raises BadInput, ConfigError."""
    settings = _settings(NewSource(0, vendor_type, vendor_type, settings=given))
    vendor = open_vendor(account_of(vendor_type, settings))
    if not isinstance(vendor, Adapter):
        raise BadInput(
            f"{vendor_type} cannot be recorded", hint="Its answers are kept, redacted, in polling_status."
        )
    pages: dict[str, bytes] = {}
    if isinstance(vendor, HttpAdapter):
        vendor.recorded = pages
    raw: Mapping[str, Any] = {}
    reading, error = None, ""
    try:
        raw = vendor.asked()
        reading = asdict(vendor.read(raw, settings, now_at=now_at).reading)
    except VendorError as failure:
        error = str(failure)
    finally:
        vendor.close()
    return recording_of(vendor_type, pages or raw, reading=reading, error=error, secrets=vendor.secrets)


def _settings(new: NewSource) -> Settings:
    return checked(kind_of(new.vendor_type).parameters, new.settings, where=new.name or new.vendor_type)


def _kind(vendor_type: str) -> SourceKind | None:
    try:
        return kind_of(vendor_type)
    except ConfigError:
        return None


def source_facts(source: HouseSource) -> dict[str, Any]:
    """A source as lists show it: without its secrets."""
    return {
        "id": source.id,
        "systemId": source.system_id,
        "name": source.name,
        "vendorType": source.vendor_type,
        "site": source.site,
        "roles": list(source.roles),
        "settings": dict(source.settings),
    }
