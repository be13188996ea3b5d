"""Rows for charts: columns as stored, buckets equal to sums done by hand."""

import random

import pytest
from tests.store.samples import NOON, recorded

from liveone.errors import BadInput
from liveone.store import aggregates, history, readings
from liveone.store.store import Store

DAY_S = 86_400


def test_chosen_columns_come_as_a_list_each(any_store: Store) -> None:
    readings.record(any_store, [recorded(NOON), recorded(NOON + 300, solar_w=7, battery_soc_pct=50.0)])
    found = history.history_columns(
        any_store, 1, NOON - 300, NOON + 300, ["solar_w_avg", "battery_soc_pct_last"]
    )
    assert found == [[NOON, NOON + 300], [4000, 7], [75.5, 50.0]]
    assert history.history_columns(any_store, 1, NOON, NOON + 300, []) == [[NOON + 300]]
    assert history.history_columns(any_store, 1, 0, 300, ["load_w_avg"]) == [[], []]


def test_an_unknown_column_or_step_is_refused(any_store: Store) -> None:
    with pytest.raises(BadInput, match="solar_w_avg, solar_w_min"):
        history.history_columns(any_store, 1, 0, NOON, ["1; DROP TABLE systems"])
    with pytest.raises(BadInput, match="multiple of 300"):
        history.buckets(any_store, 1, 0, NOON, 301, ["solar_w_avg"])


def test_buckets_of_five_minute_rows_equal_sums_by_hand(any_store: Store) -> None:
    chance = random.Random(1)
    times = sorted(chance.sample(range(NOON - 20_000, NOON, 60), 150))
    readings.record(
        any_store, [recorded(at, grid_w=chance.randrange(-999, 999), solar_kwh_total=at / 7) for at in times]
    )
    columns = ["grid_w_avg", "grid_w_min", "grid_w_max", "solar_kwh_total_last", "sample_count"]
    found = history.buckets(any_store, 1, NOON - 15_000, NOON, 1800, columns, offset_s=34_200)
    rows = aggregates.five_minutes(any_store, 1, NOON - 15_000, NOON)
    ends = sorted({-(-(row.interval_end + 34_200) // 1800) * 1800 - 34_200 for row in rows})
    assert [each[0] for each in found] == ends
    for end, average, low, high, last, count in found:
        inside = [row for row in rows if end - 1800 < row.interval_end <= end]
        assert average == pytest.approx(sum(row.grid_w_avg or 0 for row in inside) / len(inside))
        assert low == min(row.grid_w_min or 0 for row in inside)
        assert high == max(row.grid_w_max or 0 for row in inside)
        assert last == pytest.approx(inside[-1].solar_kwh_total_last, abs=1e-9)
        assert count == sum(row.sample_count for row in inside)
