"""The plan that brings points into the database: there, back, there again under a LiveOne that serves."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import httpx2
import pytest
from tests.migration import generation1, shipped_sql, stage
from tests.migration.stage import Stage
from tests.migration.test_sources_plan import DATA, METER, changed

from liveone.migrations import shipped
from liveone.vendors.conformance.device import served

Found = TypeVar("Found")
PLAN = shipped.shipped()[6].path
THREE_PHASES = DATA | {f"active_power_l{phase}_w": 100 * phase for phase in (1, 2, 3)}


def has_points(live: Stage) -> bool:
    answer = httpx2.get(f"{live.url}/api/health", trust_env=False).json()
    return bool(answer["schema"]["points"])


@pytest.mark.slow
def test_points_come_and_go_and_come_again_while_liveone_serves(tmp_path: Path) -> None:
    past = stage.history(tmp_path, days=2)
    with (
        served({**METER, "/api/v1/data": THREE_PHASES}) as url,
        stage.set_up(tmp_path / "live", past) as live,
    ):
        shipped_sql.before(live.database, 6)
        live.start()
        adding = ("liveone", "sources", "add", "homewizard", "1", "--name", "street", "--url", url)
        assert live.command(*adding).code == 0
        for verb in ("rehearse", "run"):
            assert changed(live, verb, PLAN).result.get("failed", 0) == 0
        assert has_points(live)
        told = until(lambda: kept(live, "points"))
        assert told >= {"phase_1_w", "phase_2_w", "phase_3_w"}
        before = values(live, "point_readings")
        changed(live, "rollback", PLAN)
        assert not has_points(live)
        assert kept(live, "changeover_points") == told
        held = values(live, "changeover_point_readings")
        assert held >= before
        changed(live, "run", PLAN)
        assert kept(live, "points") == told
        until(lambda: values(live, "point_readings") > held)


def until(what: Callable[[], Found], within_s: float = 120.0) -> Found:
    end_s = time.monotonic() + within_s
    while not (found := what()):
        assert time.monotonic() < end_s, "this did not happen in time"
        time.sleep(0.1)
    return found


def kept(live: Stage, table: str) -> set[str]:
    return {str(key) for (key,) in generation1.ask(live.database, f"SELECT key FROM {table}")}


def values(live: Stage, table: str) -> int:
    ((count,),) = generation1.ask(live.database, f"SELECT count(*) FROM {table}")
    return int(count)
