"""One line of a file as a reading: columns added up, units and signs turned, what cannot be true left out."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from liveone.domain.bounds import BOUNDS, fault_at
from liveone.errors import BadInput, said, sentence
from liveone.transfer.columns import Converter, Row, Value, adds_up, is_fraction, rounded
from liveone.transfer.fields import FIELDS, column_of
from liveone.transfer.header import ColumnPlan, Term
from liveone.transfer.numbers import apart, scaled
from liveone.transfer.options import ENERGY_UNITS, POWER_UNITS, Findings

TOTALS = frozenset(("total", "totals", "sum", "summe", "gesamt"))
DAY_TOTAL_S = 6 * 3600
"""Energies of longer intervals say nothing of how a day went."""


@dataclass(slots=True)
class RowReader:
    """Reads lines by a plan. ``interval_s`` is how long the intervals are whose energy the columns hold."""

    plan: ColumnPlan
    converter: Converter
    findings: Findings
    interval_s: int = 0

    def read(self, line: int, cells: Sequence[str]) -> Row | None:
        """The reading of a line; None, and what is wrong in the findings, where it holds none."""
        if cells[self.plan.times[0]].strip().lower() in TOTALS:
            self.findings.note(sentence("Line {line} holds totals and was passed over.", line=str(line)))
            return None
        try:
            at = self._time(cells)
        except (ValueError, OverflowError) as error:
            self.findings.refuse(line, sentence("{name}: {reason}", name="inverter_time", reason=said(error)))
            return None
        if at is None:
            self.findings.refuse(line, sentence("no inverter_time"))
            return None
        try:
            received_at = self._received(cells)
            values = {name: self._value(name, terms, cells) for name, terms in self.plan.terms.items()}
        except (ValueError, OverflowError) as error:
            self.findings.refuse(line, str(error))
            return None
        return self.reading(line, at, at if received_at is None else received_at, values)

    def reading(self, line: int, at: int, received_at: int, values: Mapping[str, float | None]) -> Row:
        """Values in house units as a reading; those that are not to be believed are left out."""
        found: list[Value] = [at, received_at]
        for name in FIELDS[2:]:
            found.append(self._believed(line, name, values.get(name)))
        return tuple(found)

    def _believed(self, line: int, name: str, value: float | None) -> Value:
        if value is None:
            return None
        kept = BOUNDS[name].believed(value)
        if name == "fault_at" and kept is not None:
            kept = fault_at(int(kept))
        if kept is None:
            self.findings.doubt(
                line,
                sentence(
                    "{name}: {value} cannot be; the value was left out",
                    name=column_of(name),
                    value=float(value),
                ),
            )
            return None
        return kept if is_fraction(name) else rounded(kept)

    def _time(self, cells: Sequence[str]) -> int | None:
        times = self.converter.times
        texts = [cells[place] for place in self.plan.times]
        if self.plan.is_span:
            start_at, end_at = map(times.read, texts)
            _refuse_totals(end_at - start_at)
            return (start_at + end_at) // 2 if end_at - start_at > 300 else end_at
        at = self.converter.of("inverter_time")(" ".join(texts).strip())
        if at is None or not self.interval_s:
            return None if at is None else int(at)
        return int(at) + self.interval_s // 2

    def _received(self, cells: Sequence[str]) -> int | None:
        if self.plan.received < 0:
            return None
        found = self.converter.of("received_time")(cells[self.plan.received])
        return None if found is None else int(found)

    def _value(self, name: str, terms: Sequence[Term], cells: Sequence[str]) -> float | None:
        """The sum of a field's columns, as far as they say something; of counters only if all of them do:
        a sum of fewer is another counter. What does not add up is as the first says that says something."""
        known = []
        for term in terms:
            text, unit = apart(cells[term.place])
            try:
                number = self.converter.number(text)
            except ValueError as error:
                raise ValueError(
                    sentence("{name}: {reason}", name=column_of(name), reason=said(error))
                ) from None
            if number is not None:
                known.append(scaled(number, self._factor(name, term, unit)))
        if not known or (name.endswith("_kwh_total") and len(known) < len(terms)):
            return None
        if not adds_up(name):
            return known[0]
        return sum(known) * 3600 / self.interval_s if self.interval_s else sum(known)

    def _factor(self, name: str, term: Term, unit: str) -> float:
        """What makes a cell's number W or kWh: by the unit behind it, else by its column's."""
        if not unit:
            return term.factor
        sign = -1 if term.factor < 0 else 1
        if self.interval_s and unit in ENERGY_UNITS:
            return sign * ENERGY_UNITS[unit] * 1000
        known = {"_w": POWER_UNITS, "_kwh_total": ENERGY_UNITS}
        units = next((units for end, units in known.items() if name.endswith(end)), {})
        if unit not in units or self.interval_s:
            raise ValueError(
                sentence("{name}: {unit} is a unit of something else", name=column_of(name), unit=unit)
            )
        return sign * units[unit]


def interval_of(times: Sequence[int], where: str) -> int:
    """The usual distance between the times of a file, in seconds. Raises BadInput for totals of days."""
    ordered = sorted(set(times))
    steps = Counter(later - earlier for earlier, later in pairwise(ordered))
    if not steps:
        raise BadInput(
            sentence("{where} holds the energy of a single interval, whose length is not known", where=where)
        )
    interval_s = steps.most_common(1)[0][0]
    try:
        _refuse_totals(interval_s)
    except ValueError as error:
        raise BadInput(sentence("{where}: {reason}", where=where, reason=said(error))) from None
    return interval_s


def _refuse_totals(interval_s: int) -> None:
    if interval_s > DAY_TOTAL_S:
        raise ValueError(
            sentence(
                "totals of {number} hours are no readings (export intervals of an hour or less)",
                number=interval_s / 3600,
            )
        )
