"""What people write for a time zone is read exactly or refused with what they may have meant."""

import pytest

from liveone.domain.zone_names import names, read_zone
from liveone.domain.zones import Zone, transitions
from liveone.errors import BadInput

NOW_AT = 1_780_000_000
"""In May 2026."""


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        ("Europe/Berlin", Zone(60, "Europe/Berlin")),
        (" Australia/Lord_Howe ", Zone(630, "Australia/Lord_Howe")),
        ("Europe/Dublin", Zone(0, "Europe/Dublin")),
        ("America/St_Johns", Zone(-210, "America/St_Johns")),
        ("+10:00", Zone(600)),
        ("+10", Zone(600)),
        ("+0545", Zone(345)),
        ("-3:30", Zone(-210)),
        ("\u22123:30", Zone(-210)),
        ("UTC+05:30", Zone(330)),
        ("UTC", Zone(0, "UTC")),
    ],
)
def test_a_name_or_an_offset_is_read(text: str, zone: Zone) -> None:
    assert read_zone(text, NOW_AT) == zone


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("Melbourne", "Australia/Melbourne"),
        ("europe/berlin", "Europe/Berlin"),
        ("new york", "America/New_York"),
        ("Asia/Katmandoo", "Asia/Kathmandu"),
    ],
)
def test_what_comes_near_is_proposed_and_how_to_write_it_said(text: str, meant: str) -> None:
    with pytest.raises(BadInput) as caught:
        read_zone(text, NOW_AT)
    assert "Did you mean" in caught.value.hint
    assert meant in caught.value.hint
    assert "+10:00" in caught.value.hint


@pytest.mark.parametrize(
    "text", ["", "AEST", "../etc/passwd", "localtime", "+25:00", "+5:70", "x" * 500, "10"]
)
def test_what_is_none_is_refused_without_a_guess(text: str) -> None:
    with pytest.raises(BadInput) as caught:
        read_zone(text, NOW_AT)
    assert "Did you mean" not in caught.value.hint
    assert len(str(caught.value)) < 300


def test_every_name_that_is_offered_is_read_and_its_changes_are_those_of_its_clocks() -> None:
    for name in names():
        zone = read_zone(name, NOW_AT)
        found = transitions(zone, NOW_AT, NOW_AT + 2 * 365 * 86_400)
        for at, offset_min in found[1:]:
            assert zone.offset_s(at) == offset_min * 60 != zone.offset_s(at - 1), name
        for at in range(NOW_AT, NOW_AT + 2 * 365 * 86_400, 11 * 86_400 + 7):
            told_min = [offset_min for since_at, offset_min in found if since_at <= at][-1]
            assert told_min * 60 == zone.offset_s(at), name
