"""What was done to readings by hand can be undone, to the last bit, whatever came between."""

import pytest
from tests.store.conftest import Make, a_system, rows_of, run
from tests.store.samples import NOON, sample

from liveone.collect.days.closer import catch_up
from liveone.errors import BadInput
from liveone.store import aggregates, bulk, changes, readings, repair, systems
from liveone.store.bulk import Terms
from liveone.store.changes import ChangeEntry
from liveone.store.database import CannotHold, ConstraintFailed, Row, Statement
from liveone.store.readings import READING_COLUMNS, STORED_COLUMNS, Recorded, row_of
from liveone.store.store import Store

DAY_S = 86_400


@pytest.fixture
def house(store: Store) -> Store:
    a_system(store)
    return store


IMPORT = Terms(ChangeEntry("import", "house.csv", "test"))
NOW_AT = NOON + 30 * DAY_S


def rows(first_at: int, count: int, every_s: int = 300, **changed: object) -> list[Row]:
    def one(place: int) -> Row:
        at = first_at + place * every_s
        return row_of(sample(at, load_kwh_total=80 + (at - NOON) / 3600 * 1.5, **changed))

    return [one(place) for place in range(count)]


def everything(store: Store) -> list[list[Row]]:
    """All that the database holds of system 1 once its days are closed."""
    catch_up(store, NOW_AT)
    tables = (
        f"SELECT {', '.join(STORED_COLUMNS)} FROM readings ORDER BY inverter_time",
        "SELECT interval_end, load_w_avg, sample_count FROM readings_agg_5m ORDER BY 1",
        "SELECT system_id, day, load_kwh, interval_count, version FROM readings_agg_1d ORDER BY day",
    )
    return store.database.read([Statement(sql) for sql in tables])


def do_import(store: Store, offered: list[Row], terms: Terms = IMPORT) -> int:
    change_id = bulk.import_readings(store, 1, offered, terms=terms).change_id
    assert change_id is not None
    return change_id


def test_an_import_is_in_the_log_and_goes_when_it_is_undone(any_store: Store) -> None:
    bulk.import_readings(any_store, 1, rows(NOON, 600))
    before = everything(any_store)
    change_id = do_import(any_store, rows(NOON - 600, 900))
    (entry,) = changes.listed(any_store, 1)
    assert (entry.source, entry.added, entry.first_at, entry.ended_at is not None) == (
        "house.csv", 300, NOON - 600, True
    )  # fmt: skip
    assert everything(any_store) != before
    assert repair.undo(any_store, change_id, "test").is_undone
    assert everything(any_store) == before
    with pytest.raises(BadInput, match="undone already"):
        repair.undo(any_store, change_id, "test")


def test_an_import_that_brings_nothing_leaves_no_entry(house: Store) -> None:
    bulk.import_readings(house, 1, rows(NOON, 3))
    assert bulk.import_readings(house, 1, rows(NOON, 3), terms=IMPORT).change_id is None
    assert changes.listed(house) == []


def test_what_was_polled_meanwhile_stays(house: Store) -> None:
    change_id = do_import(house, rows(NOON, 20))
    readings.record(house, [Recorded(1, sample(NOON + 7 * DAY_S)), Recorded(1, sample(NOON + 450))])
    do_import(house, rows(NOON + DAY_S, 5))
    repair.undo(house, change_id, "test")
    assert [each.inverter_time for each in readings.between(house, 1, 0, NOW_AT)] == [
        NOON + 450,
        *(NOON + DAY_S + 300 * place for place in range(5)),
        NOON + 7 * DAY_S,
    ]


REPLACE = Terms(ChangeEntry("replace", "better.csv", "test"), ("load_w", "load_kwh_total"))


def test_replacing_changes_the_files_columns_alone_and_can_be_undone(
    any_store: Store,
) -> None:
    do_import(any_store, rows(NOON, 600))
    before = everything(any_store)
    better = rows(NOON + 3000, 900, load_w=777, solar_w=1)
    done = bulk.import_readings(any_store, 1, better, terms=REPLACE, batch=250)
    assert (done.new, done.replaced) == (310, 590)
    found = {each.inverter_time: each for each in readings.between(any_store, 1, 0, NOW_AT)}
    assert (found[NOON + 3000].load_w, found[NOON + 3000].solar_w) == (777, 4000)
    assert bulk.import_readings(any_store, 1, better, terms=REPLACE).replaced == 0
    assert done.change_id is not None
    repair.undo(any_store, done.change_id, "test")
    assert everything(any_store) == before


def forget(store: Store, from_at: int, to_at: int) -> changes.Change:
    return repair.take_out(store, 1, ChangeEntry("forget", "", "test", from_at, to_at))


def test_forgetting_opens_days_forgets_empty_ones_and_can_be_undone(
    any_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repair, "PIECE_ROWS", 100)
    do_import(any_store, rows(NOON, 5 * 288))
    before = everything(any_store)
    change = forget(any_store, NOON + DAY_S + 150, NOON + 4 * DAY_S - 10)
    assert change.set_aside == 3 * 288 - 1
    days = everything(any_store)[2]
    assert [row for row in days if row[4] == 0] == []
    assert len(everything(any_store)[1]) == 5 * 288 - change.set_aside
    do_import(any_store, rows(NOON + 10 * DAY_S, 3))
    repair.undo(any_store, 3, "test")
    repair.undo(any_store, change.id, "test")
    assert everything(any_store) == before


def test_a_day_without_readings_goes_and_its_energy_with_it(house: Store) -> None:
    do_import(house, rows(NOON, 2 * 288))
    everything(house)
    forget(house, 0, 2**45)
    assert everything(house) == [[], [], []]


def test_days_kept_without_readings_stay(house: Store) -> None:
    """An old database may hold days whose readings are gone: they are all that is known."""
    do_import(house, rows(NOON, 288))
    aggregates.save_days(house, 1, [aggregates.Day("2025-08-10", load_kwh=7.0, interval_count=288)])
    forget(house, 0, NOON + 10 * DAY_S)
    assert [day.day for day in aggregates.days(house, 1, "2000-01-01", "2100-01-01")] == ["2025-08-10"]


def test_excluded_readings_stay_out_of_later_imports_until_it_is_undone(any_store: Store) -> None:
    offered = rows(NOON, 50)
    do_import(any_store, offered)
    before = everything(any_store)
    out = repair.take_out(any_store, 1, ChangeEntry("exclude", "spike", "test", NOON + 300, NOON + 1500))
    again = bulk.import_readings(any_store, 1, offered, terms=IMPORT)
    assert (again.new, again.excluded, readings.count(any_store, 1)) == (0, 4, 46)
    repair.undo(any_store, out.id, "test")
    assert everything(any_store) == before
    assert bulk.import_readings(any_store, 1, offered).excluded == 0


def test_one_column_can_be_excluded(house: Store) -> None:
    offered = rows(NOON, 50)
    do_import(house, offered)
    entry = ChangeEntry("exclude", "", "test", NOON + 300, NOON + 1500, ("load_kwh_total",))
    out = repair.take_out(house, 1, entry)
    assert [each.load_kwh_total for each in readings.between(house, 1, NOON + 300, NOON + 1500)] == [None] * 4
    forget(house, NOON + 300, NOON + 600)
    bulk.import_readings(house, 1, offered)
    assert readings.between(house, 1, NOON + 300, NOON + 600)[0].load_kwh_total is None
    with pytest.raises(BadInput, match="no column is called"):
        repair.take_out(house, 1, ChangeEntry("exclude", "", "test", 0, NOON, ("id; --",)))
    with pytest.raises(BadInput, match="later changes rest on"):
        repair.undo(house, out.id, "test")


def test_a_database_of_the_original_service_takes_no_absent_values(make_store: Make) -> None:
    store = make_store(1)
    with pytest.raises(CannotHold, match="absent values"):
        repair.take_out(store, 1, ChangeEntry("exclude", "", "test", 0, NOON, ("load_w",)))
    assert changes.listed(store) == []


@pytest.mark.parametrize("later", ["replace", "forget", "import"])
def test_a_change_that_others_rest_on_is_undone_after_them(house: Store, later: str) -> None:
    first = do_import(house, rows(NOON, 20))
    if later == "replace":
        do_import(house, rows(NOON, 20, load_w=5), REPLACE)
    else:
        gone = forget(house, NOON, NOON + 900).id
        first = gone if later == "import" else first
        if later == "import":
            do_import(house, rows(NOON, 3, load_w=5))
    newest = changes.listed(house)[0].id
    with pytest.raises(BadInput, match=f"rest on change {first}: {newest}"):
        repair.undo(house, first, "test")
    repair.undo(house, newest, "test")
    repair.undo(house, first, "test")


def test_an_import_that_broke_off_can_be_undone(house: Store) -> None:
    def breaking() -> object:
        yield from rows(NOON, 250)
        raise OSError("the file is gone")

    with pytest.raises(OSError, match="gone"):
        bulk.import_readings(house, 1, breaking(), batch=100, terms=IMPORT)  # type: ignore[arg-type]
    (entry,) = changes.listed(house)
    assert (entry.ended_at, entry.added) == (None, 200)
    repair.undo(house, entry.id, "test")
    assert readings.count(house, 1) == 0


def test_a_removed_system_takes_its_changes_along(any_store: Store) -> None:
    do_import(any_store, rows(NOON, 20))
    forget(any_store, NOON, NOON + 900)
    systems.remove_system(any_store, 1)
    left = [Statement(f"SELECT count(*) FROM {name}") for name in changes.NAMES]
    assert any_store.database.read(left) == [[(0,)]] * len(changes.NAMES)


def test_the_columns_set_aside_are_all_there_are(any_store: Store) -> None:
    changes.make_tables(any_store)
    names = [
        Statement(f"SELECT name FROM pragma_table_info('{table}')") for table in ("readings", changes.ASIDE)
    ]
    of_readings, aside = ({name for (name,) in found} for found in any_store.database.read(names))
    assert of_readings - {"id"} == aside - {"id", "change_id"}
    assert set(READING_COLUMNS) < aside
    assert any_store.detect_again()


def test_an_import_that_fails_at_once_leaves_no_entry(make_store: Make) -> None:
    """A reading with gaps, where the original service's tables take none."""
    store = make_store(1)
    with pytest.raises(ConstraintFailed):
        bulk.import_readings(store, 1, rows(NOON, 5, load_w=None), terms=IMPORT)
    assert changes.listed(store) == []


def test_what_came_in_the_place_of_a_forgotten_reading_stays(house: Store) -> None:
    imported = do_import(house, rows(NOON, 3))
    forgotten = forget(house, NOON, NOON + 300)
    readings.record(house, [Recorded(1, sample(NOON + 300, load_w=7))])
    repair.undo(house, forgotten.id, "test")
    repair.undo(house, imported, "test")
    assert [each.load_w for each in readings.between(house, 1, 0, NOW_AT)] == [7]


def test_a_log_of_release_0_1_which_knew_readings_by_ids_is_brought_up(store1: Store) -> None:
    bulk.import_readings(store1, 1, rows(NOON, 5))
    before = everything(store1)
    change_id = do_import(store1, rows(NOON + 600, 900))
    out = forget(store1, NOON + 6000, NOON + 6600)
    run(store1, *log_of_release_0_1(store1))
    repair.undo(store1, out.id, "test")
    assert readings.count(store1, 1) == 902
    repair.undo(store1, change_id, "test")
    assert everything(store1) == before
    tables = {name for (name,) in rows_of(store1, "SELECT name FROM sqlite_schema")}
    assert changes.IDS not in tables


def log_of_release_0_1(store: Store) -> list[str]:
    """Statements that make the log what release 0.1 made of it: it named readings by their ids."""
    ((first_id, last_id),) = rows_of(
        store, "SELECT min(r.id), max(r.id) FROM readings r, _liveone_changes_keys k"
        " WHERE r.inverter_time BETWEEN k.first_at AND k.last_at AND r.inverter_time >= ?", NOON + 1500
    )  # fmt: skip
    gone = f"{first_id} + (inverter_time - {NOON + 1500}) / 300"
    return [
        "CREATE TABLE _liveone_changes_added (id INTEGER PRIMARY KEY AUTOINCREMENT,"
        " change_id INTEGER NOT NULL, first_id INTEGER NOT NULL, last_id INTEGER NOT NULL)",
        f"INSERT INTO _liveone_changes_added VALUES (1, 1, {first_id}, {last_id})",
        "ALTER TABLE _liveone_changes_aside ADD COLUMN reading_id INTEGER NOT NULL DEFAULT 0",
        "CREATE INDEX _liveone_changes_aside_reading_idx ON _liveone_changes_aside (reading_id)",
        f"UPDATE _liveone_changes_aside SET reading_id = {gone}",
        "DROP TABLE _liveone_changes_keys",
    ]
