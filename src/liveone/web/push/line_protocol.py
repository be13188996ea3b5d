"""InfluxDB's line protocol, as Telegraf, Node-RED and the clients of InfluxDB 1 and 2 write it. Pure.

``measurement,tag=value field=1.5,other=3i 1764500000000000000``: the measurement and the tags say nothing to
us, each field is one of a reading. Source: the reference of the line protocol in InfluxDB's documentation.
"""

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from liveone.domain.averages import Timed
from liveone.errors import BadInput
from liveone.web.push.values import SentTerms, refuse_too_many

PRECISIONS: Mapping[str, int] = MappingProxyType(
    {"": 10**9, "ns": 10**9, "n": 10**9, "us": 10**6, "u": 10**6, "µ": 10**6, "ms": 10**3, "s": 1}
)
"""How many units of a timestamp make a second; minutes and hours are written by no client of today."""

_KEY = r"(?:[^\\,= ]|\\.)+"
_LINE = re.compile(
    rf"(?P<series>(?:[^\\, ]|\\.)+(?:,{_KEY}={_KEY})*) +"
    rf'(?P<fields>{_KEY}=(?:"(?:[^"\\]|\\.)*"|[^", ]+)(?:,{_KEY}=(?:"(?:[^"\\]|\\.)*"|[^", ]+))*)'
    r"(?: +(?P<at>-?\d{1,20}))? *"
)
_FIELD = re.compile(rf'(?P<name>{_KEY})=(?P<value>"(?:[^"\\]|\\.)*"|[^", ]+)(?:,|$)')
_NUMBER = re.compile(r"[+-]?(?:\d{1,20}(?:\.\d{0,20})?|\.\d{1,20})(?:[eE][+-]?\d{1,3})?")
_WHOLE = re.compile(r"[+-]?\d{1,20}[iu]")
_ESCAPED = re.compile(r"\\([,= \\\"])")
LINE_CHARS_MAX = 10_000


def samples_of_lines(text: str, terms: SentTerms, *, precision: str = "") -> list[Timed]:
    """The moments in a body, one a line; empty lines and comments are passed over.

    Raises BadInput naming the line: nothing of the body is taken then.
    """
    if precision not in PRECISIONS:
        known = ", ".join(filter(None, PRECISIONS))
        raise BadInput(f"precision={precision[:20]!r} is none", hint=f"It is one of {known}.")
    lines = [(number, line) for number, line in enumerate(text.split("\n"), 1) if _is_data(line)]
    refuse_too_many(lines)
    return [_sample(number, line.strip(), terms, PRECISIONS[precision]) for number, line in lines]


def _is_data(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith("#")


def _sample(number: int, line: str, terms: SentTerms, units: int) -> Timed:
    where = f"line {number}"
    found = _LINE.fullmatch(line) if len(line) <= LINE_CHARS_MAX else None
    if found is None:
        raise BadInput(
            f"{where} is not line protocol: {line[:60]!r}",
            hint="Write: measurement,tag=value solar_w=3120 TIMESTAMP",
        )
    at = int(found["at"]) / units if found["at"] else None
    return terms.sample(at, dict(_fields(found["fields"], where)), where)


def _fields(text: str, where: str) -> Iterator[tuple[str, int | float]]:
    position = 0
    while field := _FIELD.match(text, position):
        position = field.end()
        name, value = _ESCAPED.sub(r"\1", field["name"]), field["value"]
        if _WHOLE.fullmatch(value):
            yield name, int(value[:-1])
        elif _NUMBER.fullmatch(value):
            yield name, float(value)
        else:
            raise BadInput(
                f"{where}: {name} is {value[:40]!r}, and must be a number",
                hint="Leave texts, true and false out: numbers are written 12.5 or 12i.",
            )
