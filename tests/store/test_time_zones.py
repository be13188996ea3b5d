"""A zone per system: stored where there is room, seen at once where room is made; its days from readings."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.domain.rows import interval_energies
from tests.store.conftest import Make, a_system, make_file, rows_of, run
from tests.store.samples import sample

from liveone.collect.days import closer
from liveone.domain.counters import rated_kw
from liveone.domain.reading import COUNTERS
from liveone.domain.zones import Zone, zone_of
from liveone.errors import BadInput
from liveone.store import aggregates, bulk, systems
from liveone.store.database import CannotHold
from liveone.store.files import create
from liveone.store.generations import NEWEST
from liveone.store.readings import row_of
from liveone.store.store import Store, open_store

BERLIN = ("Europe/Berlin", 60)
DAY_S = 86_400
ADD = "ALTER TABLE systems ADD COLUMN time_zone TEXT"
DROP = "ALTER TABLE systems DROP COLUMN time_zone"

MOVES = {
    "Europe/Berlin": (60, "2026-03-29", "2026-10-25"),
    "Australia/Lord_Howe": (630, "2026-04-05", "2026-10-04"),
    "America/St_Johns": (-210, "2026-03-08", "2026-11-01"),
    "Asia/Kathmandu": (345, "2026-03-29", "2026-10-25"),
    "Pacific/Apia": (780, "2011-12-30", "2012-04-01"),
    "Africa/Cairo": (120, "2026-04-24", "2026-10-30"),
    "America/Santiago": (-240, "2026-04-05", "2026-09-06"),
}
"""By zone: the offset of its standard time, and two days on which its clocks change (Kathmandu: none)."""


def move(store: Store, zone: tuple[str | None, int], system_id: int = 1) -> None:
    name, offset_min = zone
    systems.edit_system(store, system_id, display_name="Home", timezone_offset_min=offset_min, time_zone=name)


def add_in(store: Store, zone: tuple[str | None, int], site: str = "77") -> int:
    return systems.add_system(
        store,
        owner="simon",
        vendor_type="select.live",
        vendor_site_id=site,
        display_name="Home",
        timezone_offset_min=zone[1],
        time_zone=zone[0],
    ).id


def rows(times: Sequence[int]) -> Iterator[tuple[object, ...]]:
    """A house that draws 1.2 kW; its counters never stop, so that a gap in ``times`` has energy."""
    for at in times:
        kwh = 1000 + (at - 1_300_000_000) / 3000
        counters = {f"{name}_kwh_total": round(kwh, 3) for name in COUNTERS}
        yield row_of(sample(at, solar_w=1200, load_w=1200, battery_w=0, grid_w=1200, **counters))


def facts(store: Store, system_id: int = 1) -> list[tuple[object, ...]]:
    """What is stored of each day, without when."""
    return rows_of(
        store,
        "SELECT day, solar_kwh, grid_import_kwh, load_w_avg, interval_count, sample_count,"
        " grid_import_alltime_kwh, version FROM readings_agg_1d"
        " WHERE system_id = CAST(? AS TEXT) ORDER BY day",
        system_id,
    )


@contextmanager
def house() -> Iterator[Store]:
    with TemporaryDirectory() as folder:
        create(Path(folder) / "live.db")
        store = open_store(Path(folder) / "live.db")
        try:
            yield store
        finally:
            store.close()


def test_a_zone_is_kept_beside_the_offset_and_taken_away_again(store: Store) -> None:
    system_id = add_in(store, BERLIN)
    found = systems.get_system(store, system_id)
    assert found is not None
    assert (found.time_zone, found.timezone_offset_min) == BERLIN
    assert zone_of(found) == Zone(60, "Europe/Berlin")
    assert systems.list_systems(store) == systems.systems_of(store, "simon") == [found]
    move(store, (None, 600), system_id)
    assert systems.list_systems(store)[0].time_zone is None
    with pytest.raises(BadInput, match="Berlun"):
        move(store, ("Europe/Berlun", 60), system_id)
    with pytest.raises(BadInput, match="already there"):
        add_in(store, ("Asia/Kathmandu", 345))
    assert systems.list_systems(store)[0].time_zone is None


def test_without_the_column_a_zone_is_refused_and_nothing_is_written(store: Store) -> None:
    a_system(store)
    run(store, DROP)
    before = rows_of(store, "SELECT * FROM systems")
    for attempt in (lambda: move(store, BERLIN), lambda: add_in(store, BERLIN)):
        with pytest.raises(CannotHold, match="Europe/Berlin") as caught:
            attempt()
        assert "liveone upgrade" in caught.value.hint
    assert rows_of(store, "SELECT * FROM systems") == before
    assert not store.keeps_zones
    move(store, (None, 330))
    assert systems.list_systems(store)[0].timezone_offset_min == 330


def test_generation_1_refuses_a_zone_too(tmp_path: Path) -> None:
    store = open_store(make_file(tmp_path / "1.db", 1))
    with pytest.raises(CannotHold, match="liveone upgrade"):
        move(store, BERLIN)
    assert systems.list_systems(store)[0].timezone_offset_min == 600
    store.close()


def test_an_open_store_sees_the_column_come_and_go(store: Store) -> None:
    a_system(store)
    for _ in range(2):
        run(store, DROP)
        assert systems.list_systems(store)[0].time_zone is None
        assert systems.get_system(store, 1) is not None
        run(store, ADD)
        move(store, BERLIN)
        assert [each.time_zone for each in systems.systems_of(store, "simon")] == ["Europe/Berlin"]


def test_a_zone_that_this_machine_does_not_know_stops_nobody(make_store: Make) -> None:
    store = make_store(NEWEST)
    a_system(store)
    run(store, "UPDATE systems SET time_zone = 'Moon/Tranquillity'")
    (found,) = systems.list_systems(store)
    assert zone_of(found) == Zone(600)
    systems.edit_system(store, 1, display_name="Base", timezone_offset_min=600, time_zone="Moon/Tranquillity")
    assert rows_of(store, "SELECT display_name, time_zone FROM systems") == [("Base", "Moon/Tranquillity")]


@pytest.mark.parametrize("name", MOVES)
def test_the_intervals_of_a_day_that_is_no_24_hours_long_sum_up_to_it(name: str) -> None:
    offset_min, *days = MOVES[name]
    zone = Zone(offset_min, name)
    for day in days:
        with house() as store:
            add_in(store, (name, offset_min))
            start_at, end_at = zone.bounds(day)
            times = range(start_at - 2 * DAY_S + 300, end_at + 2 * DAY_S, 300)
            bulk.import_readings(store, 1, rows(times))
            closed = closer.catch_up(store, end_at + 3 * DAY_S)
            assert closed[0].error is None
            stored = {one.day: one for one in aggregates.days(store, 1, "2011-01-01", "2027-01-01")}
            assert (day in stored) == (end_at > start_at)
            if day in stored:
                assert stored[day].interval_count == (end_at - start_at) // 300
            assert_sums(store, zone, stored)
            for one, following in pairwise(sorted(stored)):
                assert zone.bounds(one)[1] in (zone.bounds(following)[0],)


def assert_sums(store: Store, zone: Zone, stored: dict[str, aggregates.Day]) -> None:
    """Day for day the sum of its five minutes, to a tenth of a watt-hour."""
    all_rows = aggregates.five_minutes(store, 1, 0, 2_000_000_000)
    parts = interval_energies(all_rows, rated_kw=rated_kw(systems.list_systems(store)[0]))
    for day, one in stored.items():
        start_at, end_at = zone.bounds(day)
        inside = [part.kwh[0] for part in parts if start_at < part.interval_end <= end_at]
        assert one.solar_kwh == pytest.approx(sum(kwh for kwh in inside if kwh is not None), abs=1e-4)


moments = st.integers(min_value=0, max_value=11 * 288)
holes = st.lists(st.tuples(moments, st.integers(1, 3 * 288)), max_size=3)


@settings(max_examples=25, deadline=None)
@given(
    name=st.sampled_from(sorted(MOVES)),
    which=st.integers(0, 1),
    other=st.one_of(st.none(), st.sampled_from(sorted(MOVES))),
    first=moments,
    holes=holes,
)
def test_moving_to_another_zone_ends_where_a_system_that_was_always_there_is(
    *, name: str, which: int, other: str | None, first: int, holes: list[tuple[int, int]]
) -> None:
    """From an offset or another zone, with gaps anywhere: the same days, nothing else, nothing lost."""
    offset_min, *days = MOVES[name]
    middle_at = Zone(offset_min, name).bounds(days[which])[0]
    begin_at = middle_at - 5 * DAY_S
    missing = {n for start, length in holes for n in range(start, start + length)}
    times = [begin_at + n * 300 for n in range(first, 11 * 288) if n not in missing]
    old = (other, MOVES[other][0]) if other else (None, 600)
    now_at = begin_at + 14 * DAY_S
    with house() as store:
        for site, zone in (("moves", old), ("stays", (name, offset_min))):
            system_id = add_in(store, zone, site)
            bulk.import_readings(store, system_id, rows(times))
        closer.catch_up(store, now_at)
        readings = rows_of(store, "SELECT count(*), sum(inverter_time) FROM readings")
        move(store, (name, offset_min))
        closer.catch_up(store, now_at)
        assert facts(store, 1) == facts(store, 2)
        assert rows_of(store, "SELECT count(*), sum(inverter_time) FROM readings") == readings
        assert rows_of(store, "SELECT count(*) FROM readings_agg_1d WHERE version = 0") == [(0,)]


def test_only_days_that_begin_or_end_at_another_moment_are_opened() -> None:
    winter_at = Zone(60, "Europe/Berlin").bounds("2026-03-25")[0]
    with house() as store:
        add_in(store, (None, 60))
        bulk.import_readings(store, 1, rows(range(winter_at + 300, winter_at + 8 * DAY_S + 300, 300)))
        closer.catch_up(store, winter_at + 10 * DAY_S)
        move(store, BERLIN)
        opened = rows_of(store, "SELECT day FROM readings_agg_1d WHERE version = 0 ORDER BY day")
        assert [day for (day,) in opened] == ["2026-03-29", "2026-03-30", "2026-03-31", "2026-04-01"]
        move(store, (None, 60))
        closer.catch_up(store, winter_at + 10 * DAY_S)
        move(store, ("Africa/Lagos", 60))
        assert rows_of(store, "SELECT count(*) FROM readings_agg_1d WHERE version = 0") == [(0,)]


def test_days_whose_readings_are_not_there_are_left_as_they_are() -> None:
    with house() as store:
        add_in(store, (None, 60))
        aggregates.save_days(
            store, 1, [aggregates.Day("2026-07-01", solar_kwh=7.5, interval_count=288, sample_count=1440)]
        )
        move(store, BERLIN)
        assert rows_of(store, "SELECT day, solar_kwh, version FROM readings_agg_1d") == [
            ("2026-07-01", 7.5, 1)
        ]


def test_energy_of_a_gap_that_ends_where_nothing_moved_is_spread_anew() -> None:
    """A gap from summer into winter: its last day keeps its bounds, those before it do not."""
    zone = Zone(60, "Europe/Berlin")
    begin_at, gap_at = zone.bounds("2026-10-18")[0], zone.bounds("2026-10-20")[0] + 7200
    times = [*range(begin_at, gap_at, 300), *range(gap_at + 9 * DAY_S, gap_at + 11 * DAY_S, 300)]
    with house() as store:
        for site, where in (("moves", (None, 60)), ("stays", BERLIN)):
            bulk.import_readings(store, add_in(store, where, site), rows(times))
        closer.catch_up(store, gap_at + 20 * DAY_S)
        move(store, BERLIN)
        closer.catch_up(store, gap_at + 20 * DAY_S)
        assert facts(store, 1) == facts(store, 2)
        assert [fact[4] for fact in facts(store, 1)].count(0) == 8


def test_a_zone_edited_while_days_are_closed_leaves_them_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """The closer works with the zone it began with; what it saves meanwhile must not stand."""
    start_at = Zone(60, "Europe/Berlin").bounds("2026-07-01")[0]
    save = aggregates.save_days

    def moved_first(into: Store, system_id: int, days: Sequence[aggregates.Day]) -> None:
        monkeypatch.setattr(aggregates, "save_days", save)
        move(into, BERLIN)
        save(into, system_id, days)

    with house() as store:
        for site, where in (("moves", (None, 60)), ("stays", BERLIN)):
            times = range(start_at - DAY_S + 7200, start_at + 3 * DAY_S - 7200, 300)
            bulk.import_readings(store, add_in(store, where, site), rows(times))
        monkeypatch.setattr(aggregates, "save_days", moved_first)
        for _ in range(2):
            closer.catch_up(store, start_at + 5 * DAY_S)
        assert systems.list_systems(store)[0].time_zone == "Europe/Berlin"
        assert facts(store, 1) == facts(store, 2)
