"""A house made of sources as one vendor: they are asked at the same time, and merged into one reading.

Rule: a source that does not answer costs the others nothing. It is waited for no longer than a poll may take,
named, and not asked again before it has ended; never twice at a time.
"""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from liveone.clock import SystemClock
from liveone.domain.points import Point, unit_of
from liveone.domain.reading import Reading
from liveone.domain.sources import FAULT_FIELDS, ROLE_FIELDS, ROLES, Role, SourceReading, merge
from liveone.domain.system import FROM_SOURCES, SystemInfo
from liveone.errors import LiveOneError
from liveone.vendors import checks
from liveone.vendors.base import CheckStep, Memory, Poll, Site, TemporaryFailure, VendorAccount
from liveone.vendors.parameters import Settings, VendorParameter

PATIENCE_S = 25.0
"""Longer than an account's usual ``timeout_s``."""

_MONOTONIC_S = SystemClock().monotonic_s
STILL_ASKED = "it has not answered the last question yet"

Ask = Callable[[Memory, float], Poll]
Newest = Callable[[float], Reading | None]


@dataclass(frozen=True, slots=True)
class AskedSource:
    """A source as it is asked: ``ask`` gives its newest sample, or raises LiveOneError. One that tells by
    itself has ``newest``, which says what it is at this moment, and asks nobody."""

    name: str
    roles: frozenset[Role]
    fields: frozenset[str]
    ask: Ask
    newest: Newest | None = None


class HouseOfSources:
    """The sources of one system, as its vendor. Safe to call from threads."""

    vendor_type: ClassVar[str] = FROM_SOURCES
    title: ClassVar[str] = "A house made of sources"
    parameters: ClassVar[tuple[VendorParameter, ...]] = ()
    needs_site: ClassVar[bool] = False

    def __init__(
        self, sources: Sequence[AskedSource], *, late_s: float, patience_s: float = PATIENCE_S
    ) -> None:
        self._sources, self._late_s, self._patience_s = tuple(sources), late_s, patience_s
        self._lock = threading.Lock()
        self._asked: set[str] = set()
        self._last: dict[str, Reading] = {}
        self._lacks: dict[str, frozenset[Role]] = {}
        self._polled_s = float("-inf")

    @classmethod
    def fields(cls, settings: Settings) -> frozenset[str]:
        """Whatever its sources give."""
        return frozenset(checks.LOOKED_FOR_IN_A_PART)

    @classmethod
    def roles(cls, settings: Settings) -> tuple[Role, ...]:
        """Whatever its sources give."""
        return ROLES

    def poll(self, vendor_site_id: str, *, memory: Memory, now_at: float) -> Poll:
        """The house's reading. Raises what the only source raised, or TemporaryFailure naming all of them."""
        kept = memory.get("sources")
        memories: Mapping[str, Any] = kept if isinstance(kept, Mapping) else {}
        answers = self._ask_all(memories, now_at)
        heard = {name: answer for name, answer in answers.items() if isinstance(answer, Poll)}
        self._lacks |= {name: poll.lacks for name, poll in heard.items()}
        house = merge(
            [self._part(source, answers.get(source.name)) for source in self._sources],
            now_at=now_at,
            late_s=self._late_s,
        )
        if house.reading is None:
            raise self._silence(answers, house.missing)
        self._polled_s = _MONOTONIC_S()
        self._last = {name: poll.reading for name, poll in heard.items()}
        derived = sorted({*house.derived, *self._derived(heard)})
        missing = {**house.missing, **_missing_within(heard)}
        remembered = {
            "sources": {**memories, **{name: dict(poll.memory) for name, poll in heard.items()}},
            "derived": derived,
            "missing": missing,
        }
        points = tuple(
            replace(point, source=name)
            for name, poll in heard.items()
            for point in (*poll.points, *self._measured_by(name, poll.reading))
        )
        raw = {name: poll.raw for name, poll in heard.items()}
        return Poll(house.reading, {"sources": raw}, remembered, points, tuple(derived), missing)

    def is_polled(self) -> bool:
        """Whether it was polled lately, so that what it knows is of now."""
        return _MONOTONIC_S() - self._polled_s <= self._late_s

    def now(self, now_at: float) -> Reading | None:
        """What its sources say at this moment, as one reading; None where nothing is known.

        Nobody is asked: of a source that does not tell by itself counts what it said last.
        """
        parts = [
            SourceReading(source.name, self._roles_of(source), source.fields, self._newest(source, now_at))
            for source in self._sources
        ]
        return merge(parts, now_at=now_at, late_s=self._late_s).reading

    def discover(self) -> Sequence[Site]:
        """Nothing: its sources are added one by one."""
        return ()

    def describe(self, vendor_site_id: str) -> SystemInfo:
        """Nothing that is true of the whole house."""
        return SystemInfo()

    def check(self, vendor_site_id: str, *, now_at: float) -> Iterator[CheckStep]:
        """Each source reached, then whether the house's reading can be true."""
        polls: list[Poll] = []

        def reach() -> str:
            polls.append(self.poll(vendor_site_id, memory={}, now_at=now_at))
            if missing := polls[0].missing:
                said = "; ".join(f"{name}: {why}" for name, why in missing.items())
                raise TemporaryFailure(f"not all sources answer. {said}", hint="See `liveone sources test`.")
            return f"{', '.join(source.name for source in self._sources)} answer"

        account = VendorAccount(FROM_SOURCES)
        yield from checks.run(
            ("sources reached", reach),
            ("reading sane", lambda: checks.sane(polls[0], now_at, fields=self.fields({}))),
            ("signs plausible", lambda: checks.plausible(polls[0], account, vendor_site_id)),
            polls=polls,
        )

    def close(self) -> None:
        """Its sources belong to whoever made them."""

    def _ask_all(self, memories: Mapping[str, Any], now_at: float) -> dict[str, Poll | LiveOneError]:
        """What each source said by now. The first is asked in this thread where it is the only one."""
        answers: dict[str, Poll | LiveOneError] = {}
        mine = [source for source in self._sources if self._begin(source)]
        answers |= {
            source.name: TemporaryFailure(STILL_ASKED) for source in self._sources if source not in mine
        }

        def ask(source: AskedSource) -> None:
            kept = memories.get(source.name)
            try:
                answers[source.name] = source.ask(kept if isinstance(kept, Mapping) else {}, now_at)
            except LiveOneError as error:
                answers[source.name] = error
            except Exception as fault:
                answers[source.name] = TemporaryFailure(f"asking it ended in a fault: {fault!r}")
            finally:
                with self._lock:
                    self._asked.discard(source.name)

        if len(self._sources) == 1:
            for source in mine:
                ask(source)
            return answers
        threads = [threading.Thread(target=ask, args=(source,), daemon=True) for source in mine]
        for thread in threads:
            thread.start()
        give_up_s = _MONOTONIC_S() + self._patience_s
        for thread in threads:
            thread.join(max(0.0, give_up_s - _MONOTONIC_S()))
        return dict(answers)

    def _roles_of(self, source: AskedSource) -> frozenset[Role]:
        """Those of a source, without what it said last that it has no part for."""
        return source.roles - self._lacks.get(source.name, frozenset())

    def _part(self, source: AskedSource, answer: Poll | LiveOneError | None) -> SourceReading:
        failure = str(answer.args[0]) if isinstance(answer, LiveOneError) else ""
        reading = answer.reading if isinstance(answer, Poll) else None
        return SourceReading(source.name, self._roles_of(source), source.fields, reading, failure)

    def _newest(self, source: AskedSource, now_at: float) -> Reading | None:
        if source.newest is None:
            return self._last.get(source.name)
        try:
            return source.newest(now_at)
        except LiveOneError:
            return None

    def _derived(self, heard: Mapping[str, Poll]) -> Iterator[str]:
        """What devices worked out instead of measuring it, of what they give to the house."""
        for source in self._sources:
            gives = source.fields.intersection(
                *[{each for role in source.roles for each in ROLE_FIELDS[role]}]
            )
            yield from gives.intersection(heard[source.name].derived if source.name in heard else ())

    def _measured_by(self, name: str, reading: Reading) -> Iterator[Point]:
        """What a source without a role measures, such as a meter in front of a heat pump: it is no part of
        the house's balance, and all of it points."""
        fields = [source.fields for source in self._sources if source.name == name and not source.roles]
        for field in sorted(frozenset[str]().union(*fields).difference(FAULT_FIELDS)):
            value = getattr(reading, field)
            if value is not None:
                yield Point(field, field, unit_of(field), value)

    def _begin(self, source: AskedSource) -> bool:
        with self._lock:
            if source.name in self._asked:
                return False
            self._asked.add(source.name)
            return True

    def _silence(
        self, answers: Mapping[str, Poll | LiveOneError], missing: Mapping[str, str]
    ) -> LiveOneError:
        if len(self._sources) == 1:
            only = answers.get(self._sources[0].name)
            if isinstance(only, LiveOneError):
                return only
        said = "; ".join(f"{name}: {why}" for name, why in missing.items())
        return TemporaryFailure(f"no source answers. {said}", hint="LiveOne keeps asking them all.")


def _missing_within(heard: Mapping[str, Poll]) -> dict[str, str]:
    """Of the sources that answered, those that say themselves what they miss."""
    return {
        name: "; ".join(f"{part}: {why}" for part, why in poll.missing.items())
        for name, poll in heard.items()
        if poll.missing
    }
