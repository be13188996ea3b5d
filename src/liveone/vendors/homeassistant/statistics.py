"""Home Assistant's long-term statistics as history. Pure.

Rule: a mean stands at the middle of its span, a counter at its end, as in an import of the same statistics.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from liveone.domain.averages import Timed
from liveone.domain.bounds import BOUNDS
from liveone.vendors.answers import objects, quantity
from liveone.vendors.homeassistant.entities import EntityTerm
from liveone.vendors.numbers import whole_watts

SPANS_S = {"hour": 3600, "5minute": 300}
"""What Home Assistant keeps: hours for ever, spans of five minutes for about ten days."""

UNITS = {"power": "W", "energy": "kWh"}
"""In which units statistics are asked for."""


def history_of(
    rows: Mapping[str, Any], wanted: Mapping[str, Iterable[EntityTerm]], *, period: str
) -> list[Timed]:
    """The values in an answer to ``recorder/statistics_during_period``, by their moments, oldest first.

    A moment at which one of a field's entities has no value has none of that field.
    """
    found: defaultdict[int, dict[str, Any]] = defaultdict(dict)
    for name, terms in wanted.items():
        for at, value in _field(rows, name, tuple(terms), SPANS_S[period]).items():
            found[at][name] = value
    return sorted(found.items())


def _field(
    rows: Mapping[str, Any], name: str, terms: tuple[EntityTerm, ...], span_s: int
) -> dict[int, float]:
    series = [_series(rows.get(term.entity_id), name, term.sign, span_s) for term in terms]
    moments = set(series[0]).intersection(*series[1:])
    sums = {at: sum(each[at] for each in series) for at in moments}
    rounded = {at: whole_watts(value) if name.endswith("_w") else value for at, value in sums.items()}
    known = {at: value for at, value in rounded.items() if value is not None}
    return {at: kept for at, value in known.items() if (kept := BOUNDS[name].believed(value)) is not None}


def _series(rows: object, name: str, sign: int, span_s: int) -> dict[int, float]:
    is_counter = name.endswith("_total")
    found: dict[int, float] = {}
    for row in objects(rows):
        start = quantity(row.get("start"))
        value = quantity(row.get("state" if is_counter else "mean"))
        if start is not None and value is not None:
            found[int(start / 1000) + (span_s if is_counter else span_s // 2)] = sign * value
    return found
