"""Generation 1 as other tools spelled it: adopted, served, upgraded, taken back word by word, and again."""

import time
from contextlib import closing
from pathlib import Path

import pytest
from tests.migration import clock_change, generation1, layouts, server_stage, stage
from tests.migration.layouts import LAYOUTS
from tests.migration.stage import SETS, History, Stage
from tests.programs import Done
from tests.sample import AT_LENGTH, drawn

from liveone.migrations import shipped
from liveone.store import generations
from liveone.store.store import open_database

CONFIRMED = (*SETS, "--confirm", "people")
ORPHANS = {"readings": 7, "readings_agg_5m": 2, "readings_agg_1d": 2, "polling_status": 2}
KEPT = (
    "changeover_orphan_readings",
    "changeover_orphan_5m",
    "changeover_orphan_1d",
    "changeover_orphan_status",
)


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> History:
    return clock_change.lived_through(stage.history(tmp_path_factory.mktemp("history"), days=2))


def told(live: Stage, *words: str) -> Done:
    done = live.command("liveone", *words)
    assert done.code == 0, f"liveone {words}: {done.out[-3000:]}{done.err[-3000:]}"
    return done


def polled(live: Stage, *, times: int = 2) -> None:
    """Wait for new readings of every system."""
    newest = (
        "SELECT min(at) FROM"
        " (SELECT max(inverter_time) AS at FROM readings WHERE system_id < 9 GROUP BY system_id)"
    )
    began = live.ask(newest)
    for _ in range(300):
        if live.ask(newest) > began:
            times, began = times - 1, live.ask(newest)
        if not times:
            return
        time.sleep(0.1)
    raise AssertionError(live.log())


@pytest.mark.parametrize("seed", range(40))
def test_any_spelling_is_generation_1(tmp_path: Path, past: History, seed: int) -> None:
    path = layouts.respell(past.database, tmp_path / "old.db", layouts.random_spelling(seed))
    with closing(open_database(path)) as database:
        assert generations.detect(database).generation == 1
        pending = shipped.pending(generations.detect(database))
        assert [plan.step for plan in pending] == [2, 3, 4, 5, 6, 7, 8]


@pytest.mark.slow
@pytest.mark.sampled
@pytest.mark.skipif(
    not AT_LENGTH, reason="test_first_weeks goes this way whole, from further back: make length"
)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_adopted_upgraded_and_taken_back_word_by_word(tmp_path: Path, past: History, layout: str) -> None:
    old = layouts.respell(past.database, tmp_path / "old.db", LAYOUTS[layout])
    with stage.set_up(tmp_path / "live", past) as live:
        live.database.unlink()
        adopted = told(live, "adopt", str(old))
        assert "7 readings, 2 five-minute rows, 2 days and 2 polling states of no system" in adopted.out
        assert layouts.schema_of(live.database) == layouts.schema_of(old)
        live.start()
        polled(live)
        doctor = live.command("liveone", "doctor").out
        assert "LOOK orphans      7 readings, 2 five-minute rows" in doctor
        done = told(live, "upgrade", *CONFIRMED)
        assert "0 failed" in done.out
        rows = "SELECT vendor_type, vendor_site_id, timezone_offset_min FROM systems ORDER BY id"
        assert live.ask(rows)[0] == ("select.live", "1586", 600)
        assert live.ask("PRAGMA foreign_key_check") == []
        assert [live.ask(f"SELECT count(*) FROM {name}") for name in KEPT] == [
            [(n,)] for n in ORPHANS.values()
        ]
        polled(live)
        told(live, "upgrade", "--rollback")
        polled(live)
        assert layouts.schema_of(live.database) == layouts.schema_of(old)
        for table in ("systems", "readings", "readings_agg_5m"):
            assert generation1.altered(old, live.database, table) == 0, table
        told(live, "upgrade", *CONFIRMED)
        told(live, "upgrade", "--finish")
        kept = "SELECT name FROM sqlite_schema WHERE name LIKE 'changeover\\_%\\_before' ESCAPE '\\'"
        assert live.ask(kept) == []
        live.stop()
        assert live.missing() == {site: [] for site in generation1.SITES}
        assert live.ask(rows)[0] == ("select.live", "1586", 600)
        assert "Traceback" not in live.log()


@pytest.mark.slow
@pytest.mark.sampled
@pytest.mark.skipif(not AT_LENGTH, reason="a whole upgrade more, on a server: make length")
@pytest.mark.parametrize("layout", ["drizzle, made anew", "by hand"])
def test_on_a_server_it_is_taken_back_word_by_word_too(tmp_path: Path, past: History, layout: str) -> None:
    old = layouts.respell(past.database, tmp_path / "old.db", LAYOUTS[layout])
    with (
        server_stage.server_of(History(old, past.options)) as sqld,
        server_stage.set_up(tmp_path / "live", past, sqld, "live") as live,
    ):
        live.start()
        polled(live)
        told(live, "upgrade", *CONFIRMED)
        assert live.ask("SELECT count(*) FROM changeover_orphan_readings") == [(7,)]
        polled(live)
        told(live, "upgrade", "--rollback")
        live.stop()
        fetched = live.fetched()
        assert layouts.schema_of(fetched) == layouts.schema_of(old)
        for table in ("systems", "readings"):
            assert generation1.altered(old, fetched, table) == 0, table
        assert live.missing() == {site: [] for site in generation1.SITES}


@pytest.mark.slow
@pytest.mark.sampled
@pytest.mark.parametrize("seed", drawn([0, 3, 7], 1))
def test_a_spelling_that_no_tool_has_thought_of_goes_there_and_back_on_a_copy(
    tmp_path: Path, past: History, seed: int
) -> None:
    """With two systems of one number, an offset of half an hour, and text in the columns for timestamps."""
    with stage.set_up(tmp_path / "live", past) as live:
        live.database.unlink()
        layouts.respell(past.database, live.database, layouts.random_spelling(seed))
        layouts.tell(live.database, "UPDATE systems SET system_number = '1586' WHERE id = 2")
        layouts.tell(live.database, "UPDATE systems SET timezone_offset = 9.5 WHERE id = 3")
        told(live, "upgrade", *SETS, "--set", "collision=keep:1", "--dry-run")
