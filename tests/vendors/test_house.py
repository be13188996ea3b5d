"""The sources of a house are asked together: each for itself, none twice at a time."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from liveone.domain.points import Point
from liveone.domain.reading import Reading
from liveone.vendors.base import CredentialsRefused, Memory, Poll, TemporaryFailure
from liveone.vendors.house import STILL_ASKED, AskedSource, HouseOfSources

NOW_AT = 1_764_500_000.0


def source(name: str, role: str, say: Callable[[Memory], Any] | None = None, **values: Any) -> AskedSource:
    def ask(memory: Memory, now_at: float) -> Poll:
        memory = (say(memory) if say else None) or memory
        reading = Reading(int(now_at) - 5, int(now_at), **values)
        return Poll(
            reading, {"from": name}, {"asked": int(memory.get("asked", 0)) + 1}, (Point("t", "T", "°C", 7.0),)
        )

    return AskedSource(name, frozenset({role}), frozenset(values), ask)  # type: ignore[arg-type]


def refusing(error: Exception) -> Callable[[Memory], None]:
    def say(_: Memory) -> None:
        raise error

    return say


def poll(house: HouseOfSources, memory: Memory | None = None) -> Poll:
    return house.poll("", memory=memory or {}, now_at=NOW_AT)


def test_each_source_gets_its_own_memory_and_its_points_are_told_apart() -> None:
    house = HouseOfSources(
        [source("roof", "solar", solar_w=5), source("street", "grid", grid_w=6)], late_s=180
    )
    first = poll(house)
    again = poll(house, first.memory)
    assert again.memory["sources"] == {"roof": {"asked": 2}, "street": {"asked": 2}}
    assert (again.reading.load_w, again.derived) == (11, ("load_w",))
    assert [(point.source, point.key) for point in again.points] == [("roof", "t"), ("street", "t")]
    assert again.raw == {"sources": {"roof": {"from": "roof"}, "street": {"from": "street"}}}


def test_the_load_goes_without_a_battery_that_a_device_says_it_has_not() -> None:
    """Now and between polls; a battery that merely says nothing is waited for."""

    def asked(*, lacks: bool) -> HouseOfSources:
        reading = Reading(int(NOW_AT) - 5, int(NOW_AT), solar_w=5, grid_w=6)
        answer = Poll(reading, {}, lacks=frozenset(("battery",)) if lacks else frozenset())
        fields = frozenset(("solar_w", "grid_w", "battery_w"))
        roles = frozenset(("solar", "grid", "battery"))
        return HouseOfSources([AskedSource("roof", roles, fields, lambda *_: answer)], late_s=180)  # type: ignore[arg-type]

    for lacks, load_w in ((True, 11), (False, None)):
        house = asked(lacks=lacks)
        assert poll(house).reading.load_w == load_w
        now = house.now(NOW_AT)
        assert now is not None
        assert now.load_w == load_w


def test_a_source_that_fails_in_any_way_keeps_what_it_remembered_and_is_named() -> None:
    faults = {"away": TemporaryFailure("cannot reach it"), "broken": RuntimeError("a fault of the adapter")}
    parts = [source(name, "solar", refusing(fault), solar_w=1) for name, fault in faults.items()]
    house = HouseOfSources([*parts, source("street", "grid", grid_w=6)], late_s=180)
    found = poll(house, {"sources": {"away": {"asked": 9}}})
    assert found.missing["away"] == "cannot reach it"
    assert "a fault of the adapter" in found.missing["broken"]
    assert found.memory["sources"]["away"] == {"asked": 9}
    assert (found.reading.grid_w, found.reading.solar_w) == (6, None)


def test_the_only_source_raises_what_it_raises_and_of_several_all_are_named() -> None:
    refused = CredentialsRefused("wrong password", hint="Correct it.")
    with pytest.raises(CredentialsRefused):
        poll(HouseOfSources([source("only", "solar", refusing(refused), solar_w=1)], late_s=180))
    two = [source(name, "solar", refusing(refused), solar_w=1) for name in ("a", "b")]
    with pytest.raises(TemporaryFailure, match="a: wrong password; b: wrong password"):
        poll(HouseOfSources(two, late_s=180))


def test_a_source_that_hangs_is_waited_for_once_and_never_asked_twice_at_a_time() -> None:
    go_on, asked = threading.Event(), []

    def hang(_: Memory) -> None:
        asked.append(1)
        go_on.wait(30)

    house = HouseOfSources(
        [source("slow", "solar", hang, solar_w=5), source("street", "grid", grid_w=6)],
        late_s=180,
        patience_s=0.2,
    )
    assert "slow" in poll(house).missing
    assert poll(house).missing == {"slow": STILL_ASKED}
    assert len(asked) == 1
    go_on.set()
    for _ in range(600):
        found = poll(house)
        if not found.missing:
            break
        threading.Event().wait(0.05)
    assert (found.missing, found.reading.solar_w) == ({}, 5)


def test_testing_a_house_names_the_source_that_is_missing() -> None:
    parts = [
        source("roof", "solar", refusing(TemporaryFailure("away")), solar_w=5),
        source("street", "grid", grid_w=6),
    ]
    (step,) = HouseOfSources(parts, late_s=180).check("", now_at=NOW_AT)
    assert (step.ok, "roof: away" in step.detail) == (False, True)
    whole = [source("roof", "solar", solar_w=500), source("street", "grid", grid_w=600)]
    assert all(step.ok for step in HouseOfSources(whole, late_s=180).check("", now_at=NOW_AT))


@pytest.mark.parametrize(("role", "given"), [("solar", {"solar_w": 500}), ("grid", {"grid_w": 600})])
def test_a_house_of_one_device_that_gives_one_role_is_sane(role: str, given: dict[str, int]) -> None:
    steps = list(HouseOfSources([source("only", role, **given)], late_s=180).check("", now_at=NOW_AT))
    assert all(step.ok for step in steps), steps
    assert "solar_inverter_w" not in steps[1].detail
