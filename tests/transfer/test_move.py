"""A database moved to a server and back: every row, while it is in use, broken off and taken up again."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from tests.store.conftest import a_system, make_file, rows_of, run
from tests.store.proxy import Fault, Proxy
from tests.store.samples import NOON, recorded, sample
from tests.store.sqld import Sqld

from liveone.domain.aggregates import Day
from liveone.domain.points import Point
from liveone.errors import BadInput
from liveone.store import aggregates, bulk, changes, polling, readings, repair, sources
from liveone.store.bulk import Terms
from liveone.store.changes import ChangeEntry
from liveone.store.database import Database, Foreign, Statement, StoreError, Unavailable
from liveone.store.files import create
from liveone.store.libsql.driver import LibsqlDatabase
from liveone.store.readings import row_of
from liveone.store.sqlite import SqliteDatabase
from liveone.store.store import Store, open_store
from liveone.transfer import move
from liveone.transfer.mirror import MirroredTable, MoveFailed, mirror
from liveone.transfer.server_backup import backup_server

TABLES = ("systems", "polling_status", "readings", "readings_agg_1d", "readings_agg_5m", "user_systems")
BY_KEY = ("readings", "readings_agg_1d", "readings_agg_5m")
WITHOUT_ID = (*BY_KEY, *(f"point_{name}" for name in BY_KEY))


@pytest.fixture
def source(tmp_path: Path) -> Iterator[Store]:
    """Two systems with a week of readings and closed days, some numbers with all their digits."""
    create(tmp_path / "live.db")
    with closing(open_store(tmp_path / "live.db")) as store:
        a_system(store)
        a_system(store, "1587")
        for system_id in (1, 2):
            rows = (
                row_of(replace(sample(NOON + 60 * n), solar_kwh_total=30788.25108 + n / 7, load_w=n % 3000))
                for n in range(3000)
            )
            bulk.import_readings(store, system_id, rows)
            aggregates.save_days(store, system_id, [Day("2025-08-17", solar_kwh=0.1 + 0.2)])
            polling.failed_together(store, [polling.FailedPoll(system_id, NOON, "it's \N{DEGREE SIGN}")])
        run(store, "INSERT INTO user_systems (clerk_user_id, system_id) VALUES ('eve', 1)")
        yield store


def with_points(store: Store) -> None:
    """A source that sent something, and two points with 1,500 values each."""
    source = sources.add_source(store, 1, name="esp", vendor_type="push", roles=["solar"], settings={})
    sources.keep_values(store, [(source.id, NOON, {"solar_w": 1})])
    told = (Point("car_w", "Car", "W", 7000.5, "esp"), Point("t_c", "T", "°C", 20.1))
    polls = [replace(recorded(NOON - 60 * n - 60), points=told) for n in range(1500)]
    readings.record(store, polls)


def quiet(*_: object) -> None:
    return None


def contents(database: Database) -> dict[str, object]:
    keys = dict.fromkeys((*TABLES, "points", "sources", "source_values"), "id")
    keys |= dict.fromkeys(WITHOUT_ID, "1, 2")
    asked = {name: Statement(f"SELECT * FROM {name} ORDER BY {key}") for name, key in keys.items()}
    return {name: database.read([statement])[0] for name, statement in asked.items()}


def test_points_and_sources_go_along_and_what_changed_is_mended(
    source: Store, server_url: str, tmp_path: Path
) -> None:
    with_points(source)
    move.make_file(tmp_path / "back.db")
    with (
        closing(LibsqlDatabase(server_url)) as server,
        closing(SqliteDatabase(tmp_path / "back.db")) as back,
    ):
        assert move.move(source.database, server, progress=quiet, finish=True).is_done
        assert contents(server) == contents(source.database)
        server.write([Statement("CREATE TABLE liveone_move (source TEXT NOT NULL)")])
        server.write([Statement("INSERT INTO liveone_move VALUES (?)", (source.database.label,))])
        run(source, "UPDATE point_readings SET value = 1.5 WHERE point_id = 2 AND at % 600 = 0")
        run(source, "DELETE FROM point_readings WHERE point_id = 1 AND at % 540 = 0")
        run(source, "UPDATE points SET name = 'Zoe'", "UPDATE sources SET name = 'attic'")
        done = move.move(source.database, server, progress=quiet)
        assert done.written > 100
        assert contents(server) == contents(source.database)
        assert move.move(server, back, progress=quiet).is_done
        assert contents(back) == contents(source.database)


def test_to_a_server_and_back_every_row_is_the_same(source: Store, server_url: str, tmp_path: Path) -> None:
    move.make_file(tmp_path / "back.db")
    with (
        closing(LibsqlDatabase(server_url)) as server,
        closing(SqliteDatabase(tmp_path / "back.db")) as back,
    ):
        done = move.move(source.database, server, progress=quiet)
        assert done.is_done
        assert done.source_rows == done.target_rows
        assert done.source_rows["readings"] == 6000
        assert contents(server) == contents(source.database)
        assert move.move(server, back, progress=quiet).is_done
        assert contents(back) == contents(source.database)
        ((system_id,),) = back.write(
            [
                Statement(
                    "INSERT INTO systems (vendor_type, vendor_site_id, display_name)"
                    " VALUES ('a', 'b', 'c') RETURNING id"
                )
            ]
        )[0].rows
        assert system_id == 3


def test_a_source_in_use_leaves_the_target_locked_until_the_move_has_run_again(
    source: Store, server_url: str
) -> None:
    row_progress: list[str] = []

    def meanwhile(step: str, table: str, rows: int, _: int) -> None:
        if f"{step} {table}" not in row_progress:
            row_progress.append(f"{step} {table}")
            readings.record(source, [recorded(NOON + 10**6 + 60 * len(row_progress), system_id=1)])
            if len(row_progress) == 2:
                run(
                    source,
                    "DELETE FROM readings WHERE inverter_time / 60 % 7 = 0",
                    "UPDATE systems SET model = 'new'",
                )

    with closing(LibsqlDatabase(server_url)) as server:
        first = move.move(source.database, server, progress=meanwhile)
        assert not first.is_done
        assert 800 < first.mended < 1200, "a changed system takes no reading along"
        assert first.source_rows == first.target_rows
        with pytest.raises(Foreign, match="a move that is not finished"):
            Store(server)
        again = move.move(source.database, server, progress=quiet)
        assert again.is_done
        assert again.written < 100
        assert contents(server) == contents(source.database)
        Store(server)


def test_finish_frees_a_target_whose_source_is_still_in_use(source: Store, server_url: str) -> None:
    def meanwhile(step: str, table: str, rows: int, _: int) -> None:
        readings.record(source, [recorded(NOON + 10**6 + rows)])

    with closing(LibsqlDatabase(server_url)) as server:
        assert move.move(source.database, server, progress=meanwhile, finish=True).is_done
        Store(server)


def test_a_move_that_is_broken_off_is_taken_up_again(source: Store, sqld: Sqld, server_url: str) -> None:
    def breaking(step: str, table: str, rows: int, _: int) -> None:
        if table == "readings" and rows > 4000:
            raise KeyboardInterrupt

    with closing(LibsqlDatabase(server_url)) as server:
        with pytest.raises(KeyboardInterrupt):
            move.move(source.database, server, progress=breaking)
        with pytest.raises(Foreign):
            Store(server)
        done = move.move(source.database, server, progress=quiet)
        assert done.is_done
        assert 0 < done.written < 6000
        assert contents(server) == contents(source.database)


@pytest.mark.parametrize("fault", [Fault.REQUEST_LOST, Fault.ANSWER_LOST])
def test_a_network_that_fails_now_and_then_is_outlived(
    source: Store, sqld: Sqld, server_url: str, fault: Fault
) -> None:
    proxy = Proxy(sqld.port)
    url = server_url.replace(str(sqld.port), str(proxy.port))

    def meanwhile(*_: object) -> None:
        proxy.cut_after(1, fault)

    with closing(LibsqlDatabase(url)) as server:
        assert move.move(source.database, server, progress=meanwhile).is_done
    proxy.close()
    with closing(LibsqlDatabase(server_url)) as server:
        assert contents(server) == contents(source.database)


def test_a_target_that_is_not_empty_is_refused_untouched(
    source: Store, server_url: str, tmp_path: Path
) -> None:
    create(tmp_path / "other.db")
    with closing(LibsqlDatabase(server_url)) as server, closing(open_store(tmp_path / "other.db")) as other:
        with pytest.raises(BadInput, match=r"not empty .*systems"):
            move.move(source.database, other.database, progress=quiet)
        server.write([Statement("CREATE TABLE mine (x)")])
        with pytest.raises(BadInput, match=r"not empty \(mine\)"):
            move.move(source.database, server, progress=quiet)
        assert server.read([Statement("SELECT name FROM sqlite_schema")])[0] == [("mine",)]


def test_a_target_begun_from_another_source_is_refused(
    source: Store, server_url: str, tmp_path: Path
) -> None:
    def breaking(*_: object) -> None:
        raise KeyboardInterrupt

    create(tmp_path / "other.db")
    with closing(LibsqlDatabase(server_url)) as server, closing(open_store(tmp_path / "other.db")) as other:
        with pytest.raises(KeyboardInterrupt):
            move.move(source.database, server, progress=breaking)
        with pytest.raises(BadInput, match=r"being filled from .*live\.db"):
            move.move(other.database, server, progress=quiet)


def test_a_row_that_does_not_come_back_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "a.db").touch()
    with closing(SqliteDatabase(tmp_path / "a.db")) as target:
        target.write(
            [
                Statement("CREATE TABLE t (id INTEGER PRIMARY KEY, x)"),
                Statement("CREATE TRIGGER spoil AFTER INSERT ON t BEGIN UPDATE t SET x = 0; END"),
            ]
        )
        with pytest.raises(MoveFailed, match="does not hold what was written"):
            mirror(MirroredTable("t", ("id", "x")), iter([[(1, 5.5)]]), target, quiet)


def test_a_generation_1_database_moves_as_it_is(server_url: str, tmp_path: Path) -> None:
    with (
        closing(open_store(make_file(tmp_path / "old.db", 1))) as old,
        closing(LibsqlDatabase(server_url)) as server,
    ):
        readings.record(old, [recorded(NOON)])
        assert move.move(old.database, server, progress=quiet).generation == 1
        assert Store(server).generation == 1


def test_a_server_is_backed_up_into_a_proven_file_while_it_is_in_use(
    source: Store, server_url: str, tmp_path: Path
) -> None:
    with closing(LibsqlDatabase(server_url)) as server:
        move.move(source.database, server, progress=quiet)
        before = contents(server)
        store = Store(server)

        def meanwhile(rows: int, _: int) -> None:
            readings.record(store, [recorded(NOON + 10**6 + rows)])

        report = backup_server(server, tmp_path / "backups", NOON, row_progress=meanwhile)
        assert report.rows["readings"] == 6000
        assert readings.count(store, 1) > 3000
    with closing(open_store(report.path)) as copy:
        assert contents(copy.database) == before
        assert rows_of(copy, "PRAGMA journal_mode") == [("delete",)]
    assert [each.name for each in (tmp_path / "backups").iterdir()] == [report.path.name]


def test_a_backup_that_is_broken_off_leaves_no_file(source: Store, server_url: str, tmp_path: Path) -> None:
    def broken(rows: int, _: int) -> None:
        raise Unavailable("the network is gone")

    with closing(LibsqlDatabase(server_url)) as server:
        move.move(source.database, server, progress=quiet)
        with pytest.raises(Unavailable):
            backup_server(server, tmp_path / "backups", NOON, row_progress=broken)
    assert list((tmp_path / "backups").iterdir()) == []


def test_a_backup_of_something_else_is_refused(server_url: str, tmp_path: Path) -> None:
    with closing(LibsqlDatabase(server_url)) as server:
        server.write([Statement("CREATE TABLE x (y)")])
        with pytest.raises(StoreError):
            backup_server(server, tmp_path / "backups", NOON)
    assert not (tmp_path / "backups").exists()


def test_the_log_of_changes_goes_along_and_undoes_there(source: Store, server_url: str) -> None:
    terms = Terms(ChangeEntry("import", "late.csv", "test"))
    done = bulk.import_readings(source, 1, [row_of(sample(NOON - 86_400))], terms=terms)
    assert done.change_id is not None
    before = readings.count(source, 1)
    with closing(LibsqlDatabase(server_url)) as server:
        assert move.move(source.database, server, progress=quiet).is_done
        there = Store(server)
        assert changes.listed(there) == changes.listed(source)
        repair.undo(there, done.change_id, "test")
        assert readings.count(there, 1) == before - 1
