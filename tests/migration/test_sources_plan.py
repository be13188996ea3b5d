"""The plan that brings sources into the database: there, back, there again under a LiveOne that serves."""

import json
from pathlib import Path

import httpx2
import pytest
from tests.migration import generation1, shipped_sql, stage
from tests.migration.stage import Stage
from tests.programs import Done

from liveone.migrations import shipped
from liveone.vendors.conformance.device import served

PLAN = shipped.shipped()[5].path
DATA = {"active_power_w": 1234, "total_power_import_kwh": 40, "total_power_export_kwh": 1}
METER = {"/api": {"product_type": "HWE-P1", "serial": "3c39e7aabbcc"}, "/api/v1/data": DATA}


def changed(live: Stage, verb: str, plan: Path = PLAN) -> Done:
    done = live.command("changeover", verb, str(plan), "--json")
    assert done.code == 0, f"changeover {verb}: {done.out[-3000:]}{done.err[-3000:]}"
    return done


def sources(live: Stage) -> list[str]:
    done = live.command("liveone", "sources", "list", "--json")
    assert done.code == 0, done.err
    return [each["name"] for each in json.loads(done.out)]


@pytest.mark.slow
def test_sources_come_and_go_and_come_again_while_liveone_serves(tmp_path: Path) -> None:
    past = stage.history(tmp_path, days=2)
    with served(METER) as url, stage.set_up(tmp_path / "live", past) as live:
        shipped_sql.before(live.database, 5)
        live.start()
        adding = ("liveone", "sources", "add", "homewizard", "1", "--name", "street", "--url", url)
        assert "liveone upgrade" in live.command(*adding).err
        for verb in ("rehearse", "run"):
            assert changed(live, verb).result.get("failed", 0) == 0
        assert sources(live) == []
        assert live.command(*adding).code == 0
        assert sources(live) == ["street"]
        changed(live, "rollback")
        assert sources(live) == []
        assert httpx2.get(f"{live.url}/api/health", trust_env=False).json()["schema"]["sources"] is False
        changed(live, "run")
        assert sources(live) == ["street"]
        assert generation1.ask(
            live.database, "SELECT count(*) FROM sqlite_schema WHERE name LIKE 'changeover_so%'"
        ) == [(0,)]
