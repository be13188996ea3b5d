"""Local days: whole intervals, without hole or overlap, in every zone of the tz database."""

from datetime import UTC, datetime
from itertools import pairwise
from zoneinfo import available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liveone.domain.zones import Zone
from liveone.errors import BadInput

NAMES = sorted(available_timezones())
CHANGES = (
    "1995-12-30", "2011-12-29", "2024-03-09", "2024-03-30", "2024-04-05", "2024-04-25", "2024-09-07",
    "2024-10-05", "2024-10-26", "2024-11-02", "2025-08-17",
)  # fmt: skip


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


def week(zone: Zone, day: str) -> list[tuple[int, int]]:
    days = [day]
    for _ in range(3):
        days.append(zone.next_day(days[-1]))
    return [zone.bounds(day) for day in days]


@pytest.mark.parametrize("day", CHANGES)
def test_days_of_every_zone_are_contiguous_whole_intervals(day: str) -> None:
    for name in NAMES:
        days = week(Zone(0, name), day)
        assert all(start % 300 == end % 300 == 0 for start, end in days), name
        assert all(before[1] == after[0] for before, after in pairwise(days)), name
        assert all(0 <= end - start <= 26 * 3600 for start, end in days), name


@pytest.mark.parametrize("day", CHANGES[3:])
def test_a_day_begins_with_the_first_instant_of_its_date_in_every_zone(day: str) -> None:
    for name in NAMES:
        zone = Zone(0, name)
        start, _ = zone.bounds(day)
        assert zone.date_of(start) == day, name
        assert zone.date_of(start - 1) < day, name


@pytest.mark.parametrize(
    ("name", "day", "start", "hours"),
    [
        ("Asia/Kolkata", "2025-08-17", "2025-08-16T18:30+00:00", 24),
        ("Asia/Kathmandu", "2025-08-17", "2025-08-16T18:15+00:00", 24),
        ("Australia/Darwin", "2025-08-17", "2025-08-16T14:30+00:00", 24),
        ("Australia/Lord_Howe", "2025-04-06", "2025-04-05T13:00+00:00", 24.5),
        ("Australia/Lord_Howe", "2025-10-05", "2025-10-04T13:30+00:00", 23.5),
        ("Australia/Melbourne", "2025-04-06", "2025-04-05T13:00+00:00", 25),
        ("Australia/Melbourne", "2025-10-05", "2025-10-04T14:00+00:00", 23),
        ("Africa/Cairo", "2024-04-26", "2024-04-25T22:00+00:00", 23),
        ("America/Havana", "2024-11-03", "2024-11-03T04:00+00:00", 25),
        ("Pacific/Apia", "2011-12-30", "2011-12-30T10:00+00:00", 0),
    ],
)
def test_days_start_at_local_midnight_and_last_as_long_as_the_clocks_say(
    name: str, day: str, start: str, hours: float
) -> None:
    bounds = Zone(0, name).bounds(day)
    assert bounds == (at(start), at(start) + hours * 3600)


def test_a_fixed_offset_never_changes_its_clock() -> None:
    zone = Zone(570)
    assert zone.bounds("2025-10-05") == (at("2025-10-05T00:00+09:30"), at("2025-10-06T00:00+09:30"))
    assert zone.offset_s(0) == 9.5 * 3600


@given(st.sampled_from(NAMES), st.integers(at("2012-01-01T00:00Z"), at("2037-01-01T00:00Z")))
def test_every_instant_lies_within_the_bounds_of_its_day(name: str, instant: int) -> None:
    zone = Zone(0, name)
    start, end = zone.bounds(zone.day_of(instant))
    assert start < instant <= end


def test_midnight_belongs_to_the_day_that_it_ends_but_shows_the_new_date() -> None:
    zone = Zone(600)
    midnight = at("2025-08-18T00:00+10:00")
    assert (zone.day_of(midnight), zone.day_of(midnight + 1)) == ("2025-08-17", "2025-08-18")
    assert zone.date_of(midnight) == "2025-08-18"


def test_iso_shows_the_offset_of_that_moment() -> None:
    assert Zone(600).iso(at("2025-08-18T00:00:00Z")) == "2025-08-18T10:00:00+10:00"
    assert Zone(600, "Australia/Melbourne").iso(at("2025-12-18T00:00:00Z")) == "2025-12-18T11:00:00+11:00"
    assert Zone(0).iso(datetime(2025, 1, 1, tzinfo=UTC).timestamp() + 0.7) == "2025-01-01T00:00:00+00:00"


@pytest.mark.parametrize("name", ["Mars/Base", "../etc/passwd", "/etc/passwd", "America", "x\0y"])
def test_an_unknown_zone_is_refused_by_name(name: str) -> None:
    with pytest.raises(BadInput, match="not known"):
        Zone(600, name)


@pytest.mark.parametrize("offset_min", [601, 1440, -1440])
def test_an_offset_that_no_clock_has_is_refused(offset_min: int) -> None:
    with pytest.raises(BadInput, match=str(offset_min)):
        Zone(offset_min)


@pytest.mark.parametrize(
    "day", ["", "today", "2025-02-30", "20250817", "2025-W33-7", "0001-01-01", "9999-12-31"]
)
def test_what_is_not_a_day_is_refused(day: str) -> None:
    with pytest.raises(BadInput, match="not a day"):
        Zone(600).bounds(day)
