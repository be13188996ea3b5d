"""The conformance kit: what every adapter is held to, for pytest, here and in packages of others.

    from liveone.vendors.conformance.kit import Conformance, RecordedAnswer

    class TestMeterbox(Conformance):
        adapter = Meterbox
        recordings = (
            RecordedAnswer("day", {"/now": {"pv": 3120.4, "out": 2379}}, {"solar_w": 3120, "grid_w": -2379}),
            RecordedAnswer("night", {"/now": {"pv": 0, "out": -300}}, {"solar_w": 0, "grid_w": 300}),
            RecordedAnswer("first start", {"/now": {}}, None),
        )

An adapter over HTTP is asked at a real server on loopback that answers what was recorded, or misbehaves. One
over another transport overrides ``device`` and ``troubles``. The kit needs no more than pytest.
"""

import copy
import json
import math
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, Literal, cast

from liveone.domain.bounds import BOUNDS
from liveone.domain.reading import Reading
from liveone.vendors.adapter import Adapter, Raw, account_of, settings_of
from liveone.vendors.base import (
    CredentialsRefused,
    Poll,
    ProtocolViolation,
    RateLimited,
    TemporaryFailure,
    VendorAccount,
    VendorError,
)
from liveone.vendors.conformance.device import Trouble, served
from liveone.vendors.measures import check_measures
from liveone.vendors.parameters import Setting, Settings, checked

Moment = Literal["day", "night", "first start", "no battery", "fault"]
"""What a recording shows. Each adapter has ``day`` and ``first start``; one that gives solar has ``night``,
and one that gives the battery ``no battery``."""

NOW_AT = 1_764_500_000.0
TIMEOUT_S = 1.5
SECRET = "kit-Secret-7f3a"
LOSSES_W, LOSSES_SHARE = 500, 0.2
"""What a recorded balance may leave unexplained."""

NOISE: tuple[Any, ...] = (
    None,
    "",
    "NaN",
    "abc",
    {},
    [],
    [[]],
    True,
    1e308,
    -1e308,
    math.inf,
    math.nan,
    2**70,
)
_VENDOR_TYPE = re.compile(r"[a-z][a-z0-9.-]{1,39}")
_SOUNDS_SECRET = re.compile(r"pass|pwd|token|secret|key$", re.IGNORECASE)


@dataclass(frozen=True)
class RecordedAnswer:
    """What a device answered at a moment, and the reading that it means.

    ``pages`` are the answers by path (a JSON value, or text or bytes as they were sent); for a device that
    speaks no HTTP, what ``ask`` gave, by the names of its questions. ``expected`` holds the fields of the
    reading that are there, all others being absent; None where no reading can be made of it. ``points`` are
    their values by key, if they are to be compared. ``settings`` are given beside the address.
    """

    moment: Moment
    pages: Mapping[str, Any]
    expected: Mapping[str, float] | None
    points: Mapping[str, float] | None = None
    settings: Mapping[str, Setting] = field(default_factory=dict)
    name: str = ""
    now_at: float = NOW_AT

    def __str__(self) -> str:
        return self.name or self.moment


class Conformance:
    """Inherit, and name the adapter and its recordings; each test then runs for your adapter."""

    adapter: ClassVar[type[Adapter]]
    recordings: ClassVar[Sequence[RecordedAnswer]]
    troubles: ClassVar[Sequence[Trouble]] = (
        "401",
        "429",
        "500",
        "half a body",
        "slow",
        "not JSON",
        "refused",
    )

    def pytest_generate_tests(self, metafunc: Any) -> None:
        """Each test that takes a recording or a trouble runs once for each."""
        if "recording" in metafunc.fixturenames:
            metafunc.parametrize("recording", self.recordings, ids=str)
        if "trouble" in metafunc.fixturenames:
            metafunc.parametrize("trouble", self.troubles)

    @contextmanager
    def device(
        self, recording: RecordedAnswer, trouble: Trouble | None = None
    ) -> Iterator[Mapping[str, Setting]]:
        """A device that answers as recorded, or is in trouble; gives the settings that lead to it."""
        with served(recording.pages, trouble) as url:
            yield {"url": url}

    @contextmanager
    def opened(self, recording: RecordedAnswer, trouble: Trouble | None = None) -> Iterator[Adapter]:
        """The adapter, led to a device."""
        with self.device(recording, trouble) as address:
            adapter = self.adapter(self.account({**recording.settings, **address}))
            try:
                yield adapter
            finally:
                adapter.close()

    def account(self, given: Mapping[str, Setting]) -> VendorAccount:
        """An account with these settings, and a secret or a word wherever the adapter requires one."""
        required = {
            each.name: SECRET if each.secret else "kit"
            for each in self.adapter.parameters
            if each.secret or (each.required and each.kind == "text")
        }
        return account_of(self.adapter.vendor_type, {**required, **given}, timeout_s=TIMEOUT_S)

    def settings(self, recording: RecordedAnswer) -> Settings:
        """The checked settings of a recording; an address that is required is one of nowhere."""
        nowhere: dict[str, Setting] = {
            each.name: "http://127.0.0.1:9" if each.kind == "url" else "127.0.0.1"
            for each in self.adapter.parameters
            if each.required and each.kind in ("url", "host")
        }
        return settings_of(self.adapter.parameters, self.account({**nowhere, **recording.settings}))

    def raw(self, recording: RecordedAnswer) -> Raw:
        """What ``ask`` gives of a recording."""
        with self.opened(recording) as adapter:
            return adapter.asked()

    def test_it_declares_what_it_is(self) -> None:
        adapter = self.adapter
        assert _VENDOR_TYPE.fullmatch(adapter.vendor_type), "vendor_type: lower case letters, digits, . and -"
        assert adapter.title.strip(), "title: what a form calls it"
        check_measures(adapter.measures)
        names = [each.name for each in adapter.parameters]
        assert len(set(names)) == len(names), f"a parameter is declared twice: {names}"
        for each in adapter.parameters:
            assert each.label, f"parameter {each.name} has no label"
            assert each.secret or not _SOUNDS_SECRET.search(each.name), (
                f"{each.name} sounds secret: declare it"
            )

    def test_the_recordings_show_what_must_be_shown(self) -> None:
        moments = {each.moment for each in self.recordings}
        roles = set[str]().union(*(self.adapter.roles(self.settings(each)) for each in self.recordings))
        wanted = {"day", "first start"} | ({"night"} if "solar" in roles else set())
        wanted |= {"no battery"} if "battery" in roles else set()
        assert wanted <= moments, f"recordings are missing: {', '.join(sorted(wanted - moments))}"

    def test_a_recorded_answer_means_this_reading(self, recording: RecordedAnswer) -> None:
        with self.opened(recording) as adapter:
            if recording.expected is None:
                error = _error_of(adapter, recording)
                assert error is not None, "it gives a reading where none is expected"
                assert error.retryable, f"it would not be asked again: {error!r}"
                return
            poll = adapter.poll("house", memory={}, now_at=recording.now_at)
        assert _values(poll.reading) == dict(recording.expected)
        assert abs(poll.reading.inverter_time - recording.now_at) <= 365 * 86_400, "whose time is this?"
        assert set(_values(poll.reading)) - set(poll.derived) <= self.adapter.fields(self.settings(recording))
        keys = [each.key for each in poll.points]
        assert len(set(keys)) == len(keys), f"a point stands there twice: {keys}"
        if recording.points is not None:
            assert {each.key: each.value for each in poll.points} == dict(recording.points)

    def test_the_balance_holds_and_no_sign_is_turned(self, recording: RecordedAnswer) -> None:
        reading = self._reading(recording)
        losses_w = reading.losses_w if reading else None
        if reading is None or losses_w is None or reading.load_w is None or reading.grid_w is None:
            return
        limit_w = max(LOSSES_W, LOSSES_SHARE * abs(reading.load_w))
        turned = {name: losses_w - 2 * (getattr(reading, name) or 0) for name in ("grid_w", "battery_w")}
        better = [name for name, watts in turned.items() if abs(watts) < abs(losses_w) / 2]
        assert abs(losses_w) <= limit_w, f"{losses_w} W are unexplained; turned it would be better: {better}"

    def test_reading_an_answer_changes_nothing_and_says_the_same_twice(
        self, recording: RecordedAnswer
    ) -> None:
        raw = self.raw(recording)
        before = copy.deepcopy(raw)
        assert _outcome(self.adapter, raw, self.settings(recording), recording.now_at) == _outcome(
            self.adapter, raw, self.settings(recording), recording.now_at
        )
        assert raw == before

    def test_an_absent_value_is_never_zero_and_nonsense_never_believed(
        self, recording: RecordedAnswer
    ) -> None:
        raw, settings = self.raw(recording), self.settings(recording)
        usual = _outcome(self.adapter, raw, settings, recording.now_at)
        usual_values = _values(usual.reading) if isinstance(usual, Poll) else {}
        for index, place in enumerate(_leaves(raw)):
            for value in _noises(index):
                found = _outcome(self.adapter, _with(raw, place, value), settings, recording.now_at)
                if not isinstance(found, Poll):
                    continue
                values = _values(found.reading)
                for name, number in values.items():
                    assert name not in BOUNDS or BOUNDS[name].holds(number), (
                        f"{place} = {value!r}: {name} = {number}"
                    )
                zero = [
                    name for name, number in values.items() if number == 0 and usual_values.get(name) != 0
                ]
                gone = value is None or isinstance(value, str | dict | list)
                assert not (gone and zero), f"{place} = {value!r} makes {', '.join(zero)} zero, not absent"

    def test_trouble_is_told_in_words(self, trouble: Trouble) -> None:
        began_s = time.monotonic()
        with self.opened(self.recordings[0], trouble) as adapter:
            error = _error_of(adapter, self.recordings[0])
        assert error is not None, f"{trouble}: it gives a reading all the same"
        assert isinstance(error, _EXPECTED[trouble]), f"{trouble}: {error!r}"
        assert error.hint, f"{trouble}: {error} - and what is to be done?"
        assert SECRET not in str(error) + repr(error) + str(getattr(error, "raw", ""))
        assert time.monotonic() - began_s < 20 * TIMEOUT_S, "a call ends by its deadline"

    def test_secrets_are_shown_nowhere(self, recording: RecordedAnswer) -> None:
        with self.opened(recording) as adapter:
            with suppress(VendorError):
                poll = adapter.poll("house", memory={}, now_at=recording.now_at)
                json.dumps(poll.raw, allow_nan=False)
                assert SECRET not in json.dumps(poll.raw)
            assert SECRET not in repr(adapter) + repr(adapter.account)

    def test_a_connection_is_tested_step_by_step(self) -> None:
        recording = next(each for each in self.recordings if each.moment == "day")
        with self.opened(recording) as adapter:
            steps = list(adapter.check("house", now_at=recording.now_at))
            sites = adapter.discover()
            adapter.describe("house")
        assert [each.name for each in steps if not each.ok] == [], [each.detail for each in steps]
        assert len({each.vendor_site_id for each in sites}) == len(sites) > 0

    def test_settings_that_are_missing_or_wrong_are_told(self) -> None:
        given = dict(self.settings(self.recordings[0]))
        assert dict(checked(self.adapter.parameters, given, where="kit")) == given
        for each in self.adapter.parameters:
            if each.required:
                without = {name: value for name, value in given.items() if name != each.name}
                error = _raised(lambda: checked(self.adapter.parameters, without, where="kit"))  # noqa: B023
                assert each.name in str(error), f"nobody is told that {each.name} is missing"

    def _reading(self, recording: RecordedAnswer) -> Reading | None:
        found = _outcome(self.adapter, self.raw(recording), self.settings(recording), recording.now_at)
        return found.reading if isinstance(found, Poll) else None


_EXPECTED: Mapping[Trouble, tuple[type[VendorError], ...]] = {
    "401": (CredentialsRefused,),
    "429": (RateLimited,),
    "500": (TemporaryFailure,),
    "half a body": (TemporaryFailure, ProtocolViolation),
    "slow": (TemporaryFailure,),
    "not JSON": (ProtocolViolation,),
    "refused": (TemporaryFailure,),
}


def _error_of(adapter: Adapter, recording: RecordedAnswer) -> VendorError | None:
    try:
        adapter.poll("house", memory={}, now_at=recording.now_at)
    except VendorError as error:
        return error
    return None


def _outcome(adapter: type[Adapter], raw: Raw, settings: Settings, now_at: float) -> Poll | str:
    """The poll, or the kind of error; anything but a VendorError goes through: a fault of the adapter."""
    try:
        return adapter.read(raw, settings, now_at=now_at)
    except VendorError as error:
        return type(error).__name__


def _values(reading: Reading) -> dict[str, Any]:
    """What is there, times aside."""
    names = [each.name for each in fields(Reading) if each.name not in ("inverter_time", "received_time")]
    return {name: value for name in names if (value := getattr(reading, name)) is not None}


def _noises(index: int) -> tuple[Any, ...]:
    """What is put into the place of a value: nothing, and two of the others in turn."""
    return (None, NOISE[index % len(NOISE)], NOISE[(5 * index + 3) % len(NOISE)])


def _leaves(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where each value is: first of all those that are neither objects nor lists, of lists the first few."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _leaves(inner, (*place, key))
    elif isinstance(value, list) and value:
        for index in range(min(3, len(value))):
            yield from _leaves(value[index], (*place, index))
    else:
        yield place


def _with(raw: Raw, place: tuple[Any, ...], value: Any) -> Raw:
    """A copy of an answer with another value at a place."""
    if not place:
        return cast(Raw, value)
    changed: Any = copy.copy(raw)
    changed[place[0]] = _with(changed[place[0]], place[1:], value)
    return cast(Raw, changed)


def _raised(call: Any) -> Exception | None:
    try:
        call()
    except Exception as error:
        return error
    return None
