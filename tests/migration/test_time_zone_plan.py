"""The plan that gives systems a time zone: run, taken back and run again under a LiveOne that serves."""

import shutil
import time
from contextlib import closing
from pathlib import Path

import pytest
from tests.migration import generation1, shipped_sql, stage
from tests.migration.stage import Stage
from tests.programs import Done

from liveone.collect.days import closer
from liveone.migrations import shipped
from liveone.store.files import create
from liveone.store.generations import NEWEST
from liveone.store.sqlite import SqliteDatabase
from liveone.store.store import open_store

PLAN = shipped.shipped()[3].path
ZONES = {1: "Australia/Melbourne", 2: "Europe/Berlin"}
"""At any time of the year the clocks of one of them are not at standard time."""
STORED = "SELECT id, time_zone, timezone_offset_min FROM systems ORDER BY id"
DAYS = (
    "SELECT system_id, day, solar_kwh, load_kwh, load_w_avg, interval_count, version"
    " FROM readings_agg_1d WHERE day < ? ORDER BY system_id, day"
)


def changed(live: Stage, verb: str) -> Done:
    done = live.command("changeover", verb, str(PLAN), "--json")
    assert done.code == 0, f"changeover {verb}: {done.out[-3000:]}{done.err[-3000:]}"
    return done


def settled(live: Stage) -> None:
    """Until every re-opened day is closed again."""
    deadline_s = time.monotonic() + 60
    waiting = "SELECT count(*) FROM readings_agg_1d WHERE version = 0"
    while generation1.ask(live.database, waiting) != [(0,)]:
        assert time.monotonic() < deadline_s, live.log()
        live.post("/api/cron/daily", {"action": "catchup"})
        time.sleep(0.2)


def days(path: Path) -> list[tuple[object, ...]]:
    """What is stored of every day but the newest two, which polls still change."""
    return generation1.ask(path, DAYS, time.strftime("%Y-%m-%d", time.gmtime(time.time() - 2 * 86_400)))


def recomputed(path: Path, copy: Path) -> list[tuple[object, ...]]:
    shutil.copyfile(path, copy)
    with closing(open_store(copy)) as store:
        for done in closer.regenerate(store, None, time.time()):
            assert done.error is None
    return days(copy)


@pytest.mark.slow
def test_zones_come_go_and_come_back_while_liveone_serves(tmp_path: Path) -> None:
    past = stage.history(tmp_path, days=6)
    with stage.set_up(tmp_path / "live", past) as live:
        shipped_sql.forward(live.database)
        live.start()
        refused = live.patch("/api/admin/systems/1", {"timeZone": ZONES[1]})
        assert refused[0] in (400, 409, 503)
        assert "liveone upgrade" in str(refused[1])
        with live.client() as client:
            changed(live, "rehearse")
            assert changed(live, "run").result["failed"] == 0
            for system_id, name in ZONES.items():
                status, body = live.patch(f"/api/admin/systems/{system_id}", {"timeZone": name})
                assert status == 200, body
            kept = [(1, ZONES[1], 600), (2, ZONES[2], 60), (3, None, 60)]
            assert generation1.ask(live.database, STORED) == kept
            zoned = days(live.database)
            assert changed(live, "rollback").result["failed"] == 0
            settled(live)
            plain = days(live.database)
            assert plain != zoned
            assert live.get("/api/data?systemId=1")[1]["timeZone"] == {"offsetMin": 600, "name": None}
            assert changed(live, "run").result["failed"] == 0
            settled(live)
            assert generation1.ask(live.database, STORED) == kept
            assert days(live.database) == zoned
        live.stop()
        assert client.failures == []
        assert live.missing() == {site: [] for site in generation1.SITES}
        assert generation1.altered(past.database, live.database, "readings") == 0
        assert recomputed(live.database, tmp_path / "copy.db") == zoned
        assert "Traceback" not in live.log()


def test_generation_1_and_every_plan_give_the_schema_of_a_new_database(tmp_path: Path) -> None:
    past = stage.history(tmp_path, days=1)
    shipped_sql.before(past.database, len(shipped.STEPS))
    with closing(SqliteDatabase(past.database)) as database:
        assert shipped.compare(database, NEWEST) == []
        assert shipped.status(database).pending == ()
    made = tmp_path / "new.db"
    create(made)
    columns = "SELECT name, type, \"notnull\", dflt_value FROM pragma_table_info('systems')"
    assert generation1.ask(past.database, columns) == generation1.ask(made, columns)
