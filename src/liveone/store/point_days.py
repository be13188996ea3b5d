"""The days of points: which wait to be computed, what was computed (plan 0006)."""

from collections.abc import Sequence
from dataclasses import dataclass

from liveone.domain.points import PointDay
from liveone.store.exact import json_rows
from liveone.store.store import Query, Store


@dataclass(frozen=True, slots=True)
class OpenDay:
    """A day of a point of a system that waits to be computed."""

    system_id: int
    point_id: int
    day: str


def open_days(store: Store, until_day: str, most: int) -> list[OpenDay]:
    """Days up to ``until_day`` that wait, by system, point and day; none while the database keeps no
    points."""
    asked = Query("point_days_open", (until_day, most))
    answers = store.snapshot_for(lambda shape: [asked] if shape.keeps_points else [])
    return [OpenDay(*row) for rows in answers for row in rows]  # type: ignore[arg-type]


def save_days(store: Store, point_id: int, found: Sequence[PointDay], empty: Sequence[str]) -> None:
    """Write days, and forget those of which nothing is known."""
    rows = [
        (
            *(point_id, each.day, each.value_avg, each.value_min, each.value_max, each.value_last),
            *(each.kwh, int(each.is_estimated), each.interval_count),
        )
        for each in found
    ]
    forgotten = [(point_id, day) for day in empty]
    store.write(
        [
            Query("point_days_save", (json_rows(rows),)),
            Query("point_days_forget", (json_rows(forgotten),)),
        ]
    )


def waiting_days(store: Store, point_id: int, first_day: str, last_day: str) -> list[str]:
    """The days of a point from the first to the last, both in, that have values and wait to be computed."""
    return [str(row[0]) for row in store.read("point_days", point_id, first_day, last_day) if not row[8]]


def days(store: Store, point_id: int, first_day: str, last_day: str) -> list[PointDay]:
    """The days of a point from the first to the last, both in, as far as they were computed, oldest first."""
    rows = store.read("point_days", point_id, first_day, last_day)
    return [
        PointDay(*row[:6], bool(row[6]), int(str(row[7])))  # type: ignore[arg-type,call-arg]
        for row in rows
        if row[8]
    ]
