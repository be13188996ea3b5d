"""The day so far is worked out again when anything it follows from has changed, and only then."""

from dataclasses import replace
from typing import Any

import pytest

from liveone.domain.aggregates import FiveMinutes
from liveone.domain.zones import Zone
from liveone.web.now import today

ZONE, DAY = Zone(600), "2025-08-18"
START_AT = ZONE.bounds(DAY)[0]


def rows(count: int, watts: int = 500) -> list[FiveMinutes]:
    nothing = dict.fromkeys(FiveMinutes._fields)
    return [
        FiveMinutes(
            **nothing | {"interval_end": START_AT + 300 * place, "sample_count": 5, "load_w_avg": watts}
        )  # type: ignore[arg-type]
        for place in range(1, count + 1)
    ]


def test_a_day_is_worked_out_once_for_the_same_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    worked_out: list[Any] = []

    def close_day(*asked: Any, **how: Any) -> object:
        worked_out.append((asked, how))
        return len(worked_out)

    monkeypatch.setattr(today, "close_day", close_day)
    monkeypatch.setattr(today, "_remembered", type(today._remembered)())

    def told(found: list[FiveMinutes], system_id: int = 1, zone: Zone = ZONE, kw: float = 5.0) -> object:
        return today.day_so_far(system_id, found, zone=zone, day=DAY, rated_kw=kw)

    assert [told(rows(3)), told(rows(3))] == [1, 1]
    assert told(rows(3, 501)) == 2, "a value has changed"
    assert told(rows(4, 501)) == 3, "a row has come"
    assert told(rows(4, 501), kw=6.0) == 4
    assert told(rows(4, 501), zone=replace(ZONE, offset_min=630), kw=6.0) == 5
    assert told(rows(3), system_id=2) == 6
    for system_id in range(3, 3 + today.KEPT):
        told(rows(1), system_id)
    assert len(today._remembered) == today.KEPT
