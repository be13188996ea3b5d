"""What an adapter needs to be told, declared once: command options, settings and forms are made of it.

Rule: a value is checked where it is given, against the declaration and nothing else. An adapter gets checked
values only, each of the type of its kind, with the defaults filled in.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from types import MappingProxyType
from typing import Literal

from liveone.errors import BadInput

Setting = str | int | float | bool
Settings = Mapping[str, Setting]
"""Checked values by the names of parameters; what was not given and has no default is not there."""

Kind = Literal["text", "url", "host", "integer", "number", "switch", "choice"]
"""``url`` begins with http:// or https://, ``host`` is a name or an address without a port."""

RESERVED = frozenset(("name", "role", "roles", "site", "system", "system_id", "no_check", "vendor_site"))
"""What every source has, whatever its adapter is."""

TEXT_CHARS_MAX = 2000
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?|\[?[0-9A-Fa-f:.]{2,45}\]?")
_URL = re.compile(r"https?://[^\s/?#@]+(/[^\s?#]*)?", re.IGNORECASE)
_WORDS = MappingProxyType({"on": True, "true": True, "yes": True, "off": False, "false": False, "no": False})


@dataclass(frozen=True, slots=True)
class VendorParameter:
    """One thing that an adapter is told.

    ``label`` is what a form calls it, ``help`` a sentence that says where to find it. A ``secret`` is never
    shown, logged or recorded, and is kept sealed. ``required`` ones have no ``default``. ``choices`` belong
    to the kind ``choice``; ``lowest`` and ``highest`` bound ``integer`` and ``number``, both included.
    """

    name: str
    label: str
    kind: Kind = "text"
    help: str = ""
    secret: bool = False
    required: bool = False
    default: Setting | None = None
    choices: tuple[str, ...] = ()
    lowest: float | None = None
    highest: float | None = None

    def __post_init__(self) -> None:
        """Raises ValueError for a declaration that contradicts itself: a fault of the adapter."""
        if not _NAME.fullmatch(self.name) or self.name in RESERVED:
            raise ValueError(f"{self.name!r} is no name of a parameter: write it as a_name")
        if (self.kind == "choice") != bool(self.choices):
            raise ValueError(f"parameter {self.name}: choices belong to the kind choice, and to no other")
        if self.required and self.default is not None:
            raise ValueError(f"parameter {self.name}: what has a default is not required")
        if self.default is not None:
            self.checked(self.default)

    def checked(self, value: object) -> Setting:
        """``value`` in the type of the kind. Texts are read as a form or a command line sends them.

        Raises BadInput.
        """
        if self.kind == "switch":
            return self._switch(value)
        if self.kind in ("integer", "number"):
            return self._number(value)
        text = value.strip() if isinstance(value, str) else ""
        if not text or len(text) > TEXT_CHARS_MAX or not text.isprintable():
            raise self._refused(value, f"text on one line, of at most {TEXT_CHARS_MAX} characters")
        if self.kind == "choice" and text not in self.choices:
            raise self._refused(value, f"one of {', '.join(self.choices)}")
        if self.kind == "host" and not _HOST.fullmatch(text):
            raise self._refused(value, "a name or an address, such as 192.168.1.30, without http:// and port")
        if self.kind == "url" and not _URL.fullmatch(text):
            raise self._refused(value, "an address such as http://192.168.1.30, without user, ? and #")
        return text.rstrip("/") if self.kind == "url" else text

    def _switch(self, value: object) -> bool:
        found = _WORDS.get(value.strip().lower()) if isinstance(value, str) else value
        if not isinstance(found, bool):
            raise self._refused(value, "on or off")
        return found

    def _number(self, value: object) -> int | float:
        try:
            found = float(value.strip()) if isinstance(value, str) else value
        except ValueError:
            found = None
        if isinstance(found, bool) or not isinstance(found, int | float):
            raise self._refused(value, self._range())
        whole = self.kind == "integer"
        if (whole and found != int(found)) or not self._low() <= found <= self._high():
            raise self._refused(value, self._range())
        return int(found) if whole else float(found)

    def _low(self) -> float:
        return -1e15 if self.lowest is None else self.lowest

    def _high(self) -> float:
        return 1e15 if self.highest is None else self.highest

    def _range(self) -> str:
        what = "a whole number" if self.kind == "integer" else "a number"
        if self.lowest is not None and self.highest is not None:
            return f"{what} from {self.lowest:g} to {self.highest:g}"
        if self.lowest is not None:
            return f"{what} of {self.lowest:g} or more"
        return what if self.highest is None else f"{what} of {self.highest:g} or less"

    def _refused(self, value: object, wanted: str) -> BadInput:
        said = "" if self.secret else f", not {_shown(value)}"
        return BadInput(f"{self.name} must be {wanted}{said}", hint=self.help)


def checked(parameters: Sequence[VendorParameter], given: Mapping[str, object], *, where: str) -> Settings:
    """The settings that ``given`` holds, checked, with the defaults of what it leaves out or leaves empty.

    ``where`` is what a message calls them. Raises BadInput: an unknown name, a missing one, a bad value.
    """
    refuse_unknown(parameters, given, where=where)
    found: dict[str, Setting] = {}
    for each in parameters:
        value = given.get(each.name)
        if value is None or value == "":
            if each.required:
                raise BadInput(f"{where}: {each.name} is missing ({each.label})", hint=each.help)
            if each.default is not None:
                found[each.name] = each.checked(each.default)
            continue
        try:
            found[each.name] = each.checked(value)
        except BadInput as error:
            raise BadInput(f"{where}: {error.args[0]}", hint=error.hint) from None
    return MappingProxyType(found)


def refuse_unknown(parameters: Sequence[VendorParameter], names: Iterable[str], *, where: str) -> None:
    """Raises BadInput for a name that none of the parameters has."""
    known = [each.name for each in parameters]
    for name in names:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            hint = f"Did you mean {near[0]!r}?" if near else f"It takes: {', '.join(known) or 'nothing'}."
            raise BadInput(f"{where}: there is no setting {name!r}", hint=hint)


def secrets_of(parameters: Sequence[VendorParameter], settings: Mapping[str, object]) -> tuple[str, ...]:
    """The values that must never be shown."""
    return tuple(str(settings[each.name]) for each in parameters if each.secret and each.name in settings)


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:60] + "..."
