"""A night on which the clocks change, and readings older than a day, on either side of every change."""

import time
from pathlib import Path

import pytest
from tests.migration import clock_change, generation1, layouts, stage
from tests.migration.stage import SETS, Stage
from tests.sample import AT_LENGTH

CONFIRMED = (*SETS, "--confirm", "people")
LATE = "SELECT count(*) FROM readings WHERE inverter_time > ? AND inverter_time < ?"


def told(live: Stage, *words: str) -> None:
    done = live.command("liveone", *words)
    assert done.code == 0, f"liveone {words}: {done.out[-3000:]}{done.err[-3000:]}"


def settled(live: Stage, day: str, kwh: float) -> None:
    """Until that day is closed as the sum it should be."""
    deadline_s = time.monotonic() + 60
    while live.ask(clock_change.KWH, day) != [(kwh,)]:
        assert time.monotonic() < deadline_s, f"{live.ask(clock_change.KWH, day)} is not {kwh}: {live.log()}"
        live.post("/api/cron/daily", {"action": "catchup"})
        time.sleep(0.2)


@pytest.mark.slow
@pytest.mark.sampled
@pytest.mark.skipif(not AT_LENGTH, reason="goes the whole way once more, on one night: make length")
def test_a_night_of_25_hours_and_late_readings_go_there_and_back(tmp_path: Path) -> None:
    past = clock_change.lived_through(stage.history(tmp_path, days=1))
    old = layouts.respell(past.database, tmp_path / "old.db", layouts.LAYOUTS["turso shell"])
    with stage.set_up(tmp_path / "live", past) as live:
        live.database.unlink()
        told(live, "adopt", str(old))
        live.start()
        settled(live, clock_change.DAY, 24.0)
        told(live, "upgrade", *CONFIRMED)
        zone = {"timeZone": clock_change.ZONE}
        assert live.patch(f"/api/admin/systems/{clock_change.SYSTEM_ID}", zone)[0] == 200
        settled(live, clock_change.DAY, 25.0)
        told(live, "import", str(clock_change.late(tmp_path / "new.csv", hours_after=72)), "--system", "2")
        settled(live, "2025-10-29", 6.0)
        told(live, "upgrade", "--rollback")
        settled(live, clock_change.DAY, 24.0)
        told(live, "import", str(clock_change.late(tmp_path / "old.csv", hours_after=96)), "--system", "2")
        settled(live, "2025-10-30", 6.0)
        told(live, "upgrade", *CONFIRMED)
        settled(live, clock_change.DAY, 25.0)
        live.stop()
        since_at = clock_change.BACK_AT + 72 * clock_change.HOUR_S
        assert live.ask(LATE, since_at, since_at + 48 * clock_change.HOUR_S) == [(2 * 72,)]
        assert generation1.altered(past.database, live.database, "readings") == 0
        assert "Traceback" not in live.log()
