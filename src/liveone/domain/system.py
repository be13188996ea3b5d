"""A system: one inverter site, with its owner, its vendor's name for it and its local time."""

from dataclasses import dataclass

from liveone.errors import BadInput, sentence

IMPORT_ONLY = "none"
"""The ``vendor_type`` of a system whose readings are imported and never polled."""

FROM_SOURCES = "sources"
"""The ``vendor_type`` of a system that gets its reading from its sources, and has no account itself."""

NAME_CHARS_MAX = 100


def checked_name(text: str) -> str:
    """A person's name for a system. Raises BadInput for one that cannot be shown on a line."""
    name = text.strip()
    if not name or len(name) > NAME_CHARS_MAX or not name.isprintable():
        raise BadInput(
            sentence("that is no name for a system"),
            hint=sentence(
                "Write 1 to {count} characters on one line, without control characters.",
                count=NAME_CHARS_MAX,
            ),
        )
    return name


@dataclass(frozen=True, slots=True)
class System:
    """One row of ``systems``, the same for every database generation.

    ``owner`` is the account id (generation 1: ``user_id``, 2: ``owner_clerk_user_id``; may be None).
    ``(vendor_type, vendor_site_id)`` identifies the site to its vendor. ``timezone_offset_min`` is minutes
    east of UTC; ``time_zone``, an IANA name, wins over the offset, which is then that of its standard time.
    Generation 1 has no name, generation 2 only after plan 0003.
    """

    id: int
    owner: str | None
    vendor_type: str
    vendor_site_id: str
    display_name: str
    timezone_offset_min: int
    time_zone: str | None = None
    model: str | None = None
    serial: str | None = None
    ratings: str | None = None
    solar_size: str | None = None
    battery_size: str | None = None
    is_active: bool = True

    @property
    def is_import_only(self) -> bool:
        """Whether its readings come only from files; such a system is never active."""
        return self.vendor_type == IMPORT_ONLY

    @property
    def is_without_account(self) -> bool:
        """Whether no account at a vendor polls it: its readings are imported, or come from its sources."""
        return self.vendor_type in (IMPORT_ONLY, FROM_SOURCES)


@dataclass(frozen=True, slots=True)
class SystemInfo:
    """What a vendor says about a site: free text as the vendor writes it (``7.5kW, 48V``, ``63.6 kWh``)."""

    model: str | None = None
    serial: str | None = None
    ratings: str | None = None
    solar_size: str | None = None
    battery_size: str | None = None
