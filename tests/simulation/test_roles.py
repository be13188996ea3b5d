"""`liveone serve --role web|poller|all` as an operator types it: who polls, who shows, who refuses what."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.simulation.installation import CRON_SECRET, Installation, PortalProcess, until

CRON = f"Bearer {CRON_SECRET}"
PAGES = ("/", "/dashboard/1", "/api/data", "/admin", "/docs")
CADENCE_S = 1


@pytest.fixture
def house(tmp_path: Path, portal: PortalProcess) -> Iterator[Installation]:
    made = Installation(tmp_path, portal, "1586", tmp_path)
    try:
        yield made
    finally:
        made.end()


@pytest.mark.slow
def test_a_web_instance_shows_what_a_poller_polls_and_neither_does_the_others_work(
    house: Installation,
) -> None:
    web = house.serve("--role", "web")
    health = web.get("/api/health").json()
    assert (health["role"], health["polls"]) == ("web", [])
    assert web.get("/dashboard/1").status_code == 200
    for path in ("/api/cron/minutely", "/api/cron/daily"):
        refused = web.get(path, authorization=CRON)
        assert refused.status_code == 503
        assert "its role is web" in refused.text
    time.sleep(3 * CADENCE_S)
    assert not house.portal.entries(house.site), "nobody polls yet"

    poller = house.serve("--role", "poller")
    until(lambda: web.get("/api/data").status_code == 200)
    health = poller.get("/api/health").json()
    assert (health["role"], health["polls"]) == ("poller", [1])
    assert "liveone_" in poller.get("/metrics").text
    for path in PAGES:
        assert poller.get(path).status_code == 404, path
    assert web.get("/api/health").json()["collector"]["polls"] == 0
    assert not list(house.data.glob("spool/2")), "who does not poll takes no place in the spool"

    poller.terminate()
    asked = len(house.portal.entries(house.site))
    time.sleep(2 * CADENCE_S)
    assert len(house.portal.entries(house.site)) == asked
    assert web.get("/api/data").status_code == 200
    web.terminate()


@pytest.mark.slow
def test_all_is_the_default_and_the_option_wins_over_the_environment(house: Installation) -> None:
    alone = house.serve(LIVEONE_ROLE="web")
    assert alone.get("/api/health").json()["role"] == "web"
    alone.terminate()
    both = house.serve("--role", "all", LIVEONE_ROLE="web")
    assert both.get("/api/health").json()["role"] == "all"
    until(house.stored)
    assert both.get("/dashboard/1").status_code == 200
    both.terminate()
    assert house.serve().get("/api/health").json()["role"] == "all"


def test_a_role_that_there_is_not_is_refused_before_anything_is_opened(house: Installation) -> None:
    code, said = house.refused("--role", "both")
    assert code != 0
    assert "web, poller or all" in said or "web|poller|all" in said, said
    assert "Traceback" not in said
    assert not house.stored()
