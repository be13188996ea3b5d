"""The alerts that ship for Prometheus: promtool understands them, and a paused system sets none off."""

import json
import os
import re
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.web.support import COOKIE, NOW_AT, samples, seeded, services, serving

from liveone.store import systems

RULES = Path(__file__).parents[2] / "deploy/prometheus/liveone.rules.yml"
ELSEWHERE = {"up"}


def promtool() -> str:
    tool = shutil.which("promtool")
    if tool is None and os.environ.get("CI") == "true":
        pytest.fail("promtool is missing (Debian: prometheus), and CI must not skip the checks of the rules")
    if tool is None:
        pytest.skip("promtool is not installed (Debian: prometheus)")
    return tool


def run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_promtool_understands_every_rule() -> None:
    run(promtool(), "check", "rules", str(RULES))


def test_every_metric_of_the_rules_is_one_of_ours(owner: httpx2.Client) -> None:
    named = set(re.findall(r"\b(liveone_\w+|up)\b", "\n".join(re.findall(r"expr: (.*)", RULES.read_text()))))
    said = owner.get("/metrics").text
    told = set(re.findall(r"^# TYPE (\w+)", said, re.MULTILINE)) | ELSEWHERE
    assert {name for name in named if not name.startswith("liveone_collector_")} - told <= {
        "liveone_polls_failing",
        "liveone_backup_age_seconds",
        "liveone_backup_failing",
    }, "of a system that was polled, and of a server that makes backups"


def test_a_paused_system_says_so_in_the_metrics(tmp_path: Path) -> None:
    store = seeded(tmp_path / "live.db", days=1)
    with serving(services(store)) as client:
        labels = {"system": "1", "name": "Home 1586"}
        polled = client.get("/metrics", headers=COOKIE).text
        assert samples(polled, "liveone_system_active") == [(labels, 1)]
        systems.set_active(store, 1, False)
        paused = client.get("/metrics", headers=COOKIE).text
        assert samples(paused, "liveone_system_active") == [(labels, 0)]
    store.close()


LABELS = '{instance="solar:8080", system="1", name="Home"}'


@pytest.mark.parametrize(
    ("alert", "series", "summary"),
    [
        (
            "LiveOneSystemSilent",
            f"liveone_reading_age_seconds{LABELS}",
            "Home has brought no new reading for 33m 20s",
        ),
        ("LiveOneSystemFault", f"liveone_fault_code{LABELS}", "Home reports fault 2000"),
        ("LiveOnePollsFailing", f"liveone_polls_failing{LABELS}", "The last 2000 polls of Home failed"),
    ],
)
def test_a_system_alerts_unless_it_is_paused(tmp_path: Path, alert: str, series: str, summary: str) -> None:
    fires = {
        "exp_labels": {"severity": "warning", "instance": "solar:8080", "system": "1", "name": "Home"},
        "exp_annotations": {"summary": summary},
    }
    cases = [_case(alert, series, "1", [fires]), _case(alert, series, "0", [])]
    path = tmp_path / "test.yml"
    path.write_text(json.dumps({"rule_files": [str(RULES)], "tests": cases}))
    run(promtool(), "test", "rules", str(path))


def _case(alert: str, series: str, active: str, expected: list[dict[str, Any]]) -> dict[str, Any]:
    """Twenty minutes of a value that alarms, of a system that is ``active`` or not."""
    return {
        "interval": "1m",
        "input_series": [
            {"series": series, "values": "2000x20"},
            {"series": f"liveone_system_active{LABELS}", "values": f"{active}x20"},
        ],
        "alert_rule_test": [{"eval_time": "15m", "alertname": alert, "exp_alerts": expected}],
    }


DASHBOARD = Path(__file__).parents[2] / "deploy/grafana/liveone.json"


HISTORY = DASHBOARD.with_name("liveone-history.json")


def test_every_column_of_the_dashboard_of_the_history_is_in_its_answer(owner: httpx2.Client) -> None:
    end_at = datetime.fromtimestamp(NOW_AT, UTC)
    moments = {"__from": end_at - timedelta(days=2), "__to": end_at}
    for panel in json.loads(HISTORY.read_text())["panels"]:
        (target,) = panel["targets"]
        url = target["url"].replace("${url}", "").replace("${system}", "1")
        for name, moment in moments.items():
            url = url.replace(f"${{{name}:date:iso}}", moment.strftime("%Y-%m-%dT%H:%M:%S.000Z"))
            url = url.replace(f"${{{name}:date:YYYY-MM-DD}}", moment.date().isoformat())
        assert "$" not in url
        rows = owner.get(url).raise_for_status().json()[target["root_selector"]]
        assert rows, panel["title"]
        columns = [each["selector"] for each in target["columns"]]
        assert set(columns) <= rows[0].keys(), panel["title"]


def dashboard_queries() -> list[tuple[str, str]]:
    """Each query of the dashboard for Grafana, with any system, and its legend."""
    panels = json.loads(DASHBOARD.read_text())["panels"]
    targets = [each for panel in panels for each in panel["targets"]]
    return [(each["expr"].replace("$system", ".*"), each["legendFormat"]) for each in targets]


def test_promtool_understands_every_query_of_the_dashboard(tmp_path: Path) -> None:
    rules = [{"record": f"panel:{n}", "expr": expr} for n, (expr, _) in enumerate(dashboard_queries())]
    (tmp_path / "rules.yml").write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}))
    run(promtool(), "check", "rules", str(tmp_path / "rules.yml"))


def test_every_metric_and_label_of_the_dashboard_is_one_of_ours(owner: httpx2.Client) -> None:
    said = owner.get("/metrics").text
    told: dict[str, dict[str, set[str]]] = {}
    for name, labels in re.findall(r"^(liveone_\w+)\{(.*)\} ", said, re.MULTILINE):
        for label, value in re.findall(r'(\w+)="([^"]*)"', labels):
            told.setdefault(name, {}).setdefault(label, set()).add(value)
    queries = dashboard_queries()
    assert len(queries) > 10
    for expr, legend in queries:
        (name,) = re.findall(r"liveone_\w+", expr)
        if name == "liveone_polls_failing":
            continue  # there is one of a system that was polled
        assert name in told, name
        assert set(re.findall(r"{{(\w+)}}", legend)) <= set(told[name]), (name, legend)
        for label, value in re.findall(r'(\w+)="([^"]*)"', expr):
            assert value in told[name][label], (name, label, value)
        assert set(re.findall(r"(\w+)=~", expr)) <= set(told[name])
