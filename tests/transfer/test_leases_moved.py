"""Leases stay behind when a database is moved, and old ones in a backup block nobody where it is put back."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from tests.collect.support import ManualClock, add, new_store
from tests.store.sqld import Sqld

from liveone.collect.leases.lease_times import times_for
from liveone.collect.leases.polling_share import PollingShare
from liveone.store import backup, leases
from liveone.store.database import Database, Statement
from liveone.store.libsql.create import create_tables
from liveone.store.libsql.driver import LibsqlDatabase
from liveone.store.sqlite import SqliteDatabase
from liveone.store.store import Store, open_store
from liveone.transfer import move

ALL = {1, 2, 3, 4}
KEPT = "SELECT name FROM sqlite_schema WHERE name LIKE '\\_liveone\\_%' ESCAPE '\\'"


def joined(store: Store) -> PollingShare:
    """A poller that has just begun."""
    share = PollingShare(store, ManualClock(), times_for(60))
    share.renew(ALL, set())
    return share


def require_polling_at_once(store: Store) -> None:
    share = joined(store)
    try:
        assert share.mine == ALL
        assert share.claim(ALL).granted == ALL
        assert share.begin_job("days", 60)
    finally:
        share.leave()


@pytest.fixture
def shared(server_url: str) -> Iterator[Store]:
    """A server's database whose systems two living pollers hold and have just polled; a job is held too."""
    with closing(LibsqlDatabase(server_url)) as database:
        create_tables(database)
        store = Store(database)
        for number in range(len(ALL)):
            add(store, str(100 + number))
        first, second = joined(store), joined(store)
        assert first.claim(ALL).granted == ALL
        assert first.begin_job("days", 3600)
        assert not second.begin_job("days", 3600)
        yield store


@pytest.fixture(params=["file", "server"])
def target(request: pytest.FixtureRequest, sqld: Sqld, tmp_path: Path) -> Iterator[Database]:
    if request.param == "file":
        move.make_file(tmp_path / "moved.db")
        with closing(SqliteDatabase(tmp_path / "moved.db")) as file:
            yield file
        return
    with sqld.namespace() as url, closing(LibsqlDatabase(url)) as server:
        yield server


def test_a_move_leaves_them_behind_and_the_first_poller_there_polls_at_once(
    shared: Store, target: Database
) -> None:
    assert move.move(shared.database, target, progress=lambda *_: None).is_done
    assert len(shared.database.read([Statement(KEPT)])[0]) > 2
    assert target.read([Statement(KEPT)]) == [[]]
    require_polling_at_once(Store(target))
    assert leases.holders(shared, ALL, 0).keys() == ALL, "the source is only read"


@pytest.mark.parametrize("age_s", [0, 60])
def test_a_file_put_back_with_old_leases_in_it_is_polled_at_once_but_not_twice_in_a_minute(
    tmp_path: Path, age_s: int
) -> None:
    with closing(new_store(tmp_path / "old.db", len(ALL))) as store:
        leases.make_tables(store)
        leases.beat(store, "dead", "who made the backup")
        leases.take(store, "dead", ALL, leases.Taking({}))
        assert leases.claim(store, ("dead", "who made the backup"), ALL, 57)[0] == ALL
        assert leases.begin_job(store, "days", "dead", 3600)
        store.database.write([Statement(f"UPDATE _liveone_leases SET polled_at = polled_at - {age_s}")])
        made = backup.backup(tmp_path / "old.db", tmp_path, 1_755_600_000)
    backup.restore(made.path, tmp_path / "new.db", 1_755_600_001)
    with closing(open_store(tmp_path / "new.db")) as store:
        if age_s:
            require_polling_at_once(store)
            return
        share = joined(store)
        share.renew(ALL, set())
        assert (share.mine, share.is_alone) == (ALL, True), "those of the backup are forgotten"
        claimed = share.claim(ALL)
        assert claimed.granted == set()
        assert all(0 < refusal.wait_s <= 57 for refusal in claimed.refused.values())
        share.leave()
