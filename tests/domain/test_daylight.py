"""Sun at night tells of a wrong time zone or clock."""

import pytest
from tests.domain.rows import START, row

from liveone.domain.daylight import night_share, shines_at_night
from liveone.domain.reading import Reading
from liveone.domain.zones import Zone

NOON_AT = START + 12 * 3600
EAST, WEST = Zone(600), Zone(-120)


def test_a_day_of_sun_is_by_day_in_its_zone_and_by_night_half_way_round_the_world() -> None:
    rows = [row(NOON_AT + 300 * place, None, 3000) for place in range(-36, 36)]
    assert night_share(rows, EAST) == 0
    assert night_share(rows, WEST) == pytest.approx(5 / 6)


def test_an_offset_or_a_minute_of_sun_says_nothing() -> None:
    assert night_share([row(START + 300 * place, None, 23) for place in range(288)], WEST) is None
    assert night_share([row(NOON_AT, None, 3000)], WEST) is None


def test_one_sample_shines_at_night() -> None:
    sample = Reading(NOON_AT, NOON_AT, solar_w=2000)
    assert shines_at_night(sample, WEST)
    assert not shines_at_night(sample, EAST)
    assert not shines_at_night(Reading(NOON_AT, NOON_AT, solar_w=20), WEST)
