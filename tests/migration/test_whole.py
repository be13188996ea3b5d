"""The whole: months of minutes, LiveOne serving, a client that asks 20 times a second - run, rollback, run.

`LIVEONE_WHOLE_DAYS=365 pytest tests/migration/test_whole.py -s` does it with a year and prints the figures.
"""

import os
import time
from pathlib import Path

import pytest
from tests.migration import generation1, stage
from tests.migration.shipped_sql import FOLDER
from tests.migration.stage import SETS, Stage
from tests.programs import Done
from tests.sample import AT_LENGTH

DAYS = int(os.environ.get("LIVEONE_WHOLE_DAYS", "28" if AT_LENGTH else "7"))
PLAN = str(FOLDER / "PLAN.md")
HELD_S = 2.0 + DAYS / 20
"""Writers may be held so long at most, on a machine that does other things besides."""


def changed(live: Stage, verb: str, *words: str) -> Done:
    done = live.command("changeover", verb, *words, "--json")
    assert done.code == 0, f"changeover {verb}: {done.out[-3000:]}{done.err[-3000:]}"
    return done


def told(live: Stage, verb: str, began_s: float, done: Done) -> None:
    size_mb = live.database.stat().st_size / 1e6
    result = {name: done.result.get(name) for name in ("frozen_s", "requests", "failed", "slow", "worked_s")}
    print(f"{verb:9} {time.monotonic() - began_s:6.1f} s  database {size_mb:,.0f} MB  {result}")


@pytest.mark.slow
@pytest.mark.sampled
def test_run_rollback_and_run_lose_nothing_and_fail_nobody(tmp_path: Path) -> None:
    past = stage.history(tmp_path, days=DAYS)
    ((count,),) = generation1.ask(past.database, "SELECT count(*) FROM readings")
    print(f"\n{count:,} readings of three systems in generation 1")
    with stage.set_up(tmp_path / "live", past) as live:
        live.start()
        with live.client() as client:
            time.sleep(1)
            began_s = time.monotonic()
            rehearsal = changed(live, "rehearse", PLAN, *SETS)
            told(live, "rehearse", began_s, rehearsal)
            for verb in ("run", "rollback", "run"):
                began_s = time.monotonic()
                more = [*SETS, "--confirm", "people"] if verb == "run" else []
                done = changed(live, verb, PLAN, *more)
                told(live, verb, began_s, done)
                assert done.result["failed"] == 0
                assert done.result["outcome"] == {"run": "done", "rollback": "rolled back"}[verb]
                assert isinstance(done.result["frozen_s"], float)
                assert 0 < done.result["frozen_s"] < HELD_S
                if verb == "rollback":
                    rows = generation1.ask(live.database, "SELECT user_id, system_number FROM systems")
                    assert sorted(rows) == sorted(zip(generation1.OWNERS, generation1.SITES, strict=True))
            time.sleep(1)
        live.stop()
        samples = sum(len(live.portal.log.clean_times(site)) for site in generation1.SITES)
        print(f"client    {client.requests:,} requests, the slowest {client.slowest_s * 1000:.0f} ms")
        print(f"portal    {samples:,} samples served whole, {live.missing()} missing")
        assert client.failures == []
        assert live.missing() == {site: [] for site in generation1.SITES}
        assert generation1.altered(past.database, live.database, "readings") == 0
        rows = "SELECT vendor_type, vendor_site_id, timezone_offset_min FROM systems"
        assert generation1.ask(live.database, rows)[0] == ("select.live", "1586", 600)
        assert "Traceback" not in live.log()
        reports = sorted(live.folder.glob("liveone.db.changeover/runs/*/report.md"))
        assert len(reports) == 2
        for report in reports:
            text = report.read_text()
            assert "0 failed" in text
            assert "writers held" in text
