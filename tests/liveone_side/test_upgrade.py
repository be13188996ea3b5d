"""`liveone upgrade`: the shipped plan by changeover, told what the settings know, asking for the rest."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.migration import generation1, shipped_sql, stage
from tests.migration.stage import SETS, History, Stage
from tests.ports import free_port
from tests.programs import Done

from changeover.run.state_dir import state_of
from liveone.migrations import runs, shipped

CONFIRMED = (*SETS, "--confirm", "people")


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> History:
    return stage.history(tmp_path_factory.mktemp("history"), days=2)


@pytest.fixture
def home(tmp_path: Path, past: History) -> Iterator[Stage]:
    """A database of generation 1 with settings; LiveOne does not run."""
    with stage.set_up(tmp_path, past, port=free_port()) as found:
        yield found


def upgrade(home: Stage, *words: str) -> Done:
    return home.command("liveone", "upgrade", *words)


def content(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def zones(home: Stage) -> list[object] | None:
    """The time zones that the first system keeps; None where there is no room for one."""
    column = "SELECT 1 FROM pragma_table_info('systems') WHERE name = 'time_zone'"
    if not generation1.ask(home.database, column):
        return None
    return [zone for (zone,) in generation1.ask(home.database, "SELECT time_zone FROM systems WHERE id = 1")]


def test_plan_only_says_what_must_be_told_and_judged_and_touches_nothing(home: Stage) -> None:
    before = content(home.database)
    done = upgrade(home, "--plan-only")
    assert done.code == 0, done.err
    for words in ("--set owner.KEY=...", "--confirm people", "ada (1), simon (2)", "Migrate  (at most 30 s)"):
        assert words in done.out
    assert json.loads(upgrade(home, "--plan-only", "--json").out)["owners"] == {"ada": 1, "simon": 2}
    assert content(home.database) == before
    assert not list(home.folder.glob("*.changeover"))


def test_what_is_missing_wrong_or_a_placeholder_is_said_before_anything_runs(home: Stage) -> None:
    before = content(home.database)
    missing = upgrade(home)
    assert missing.code == 2
    assert "--set owner.KEY=VALUE" in missing.err
    assert "ada (1), simon (2)" in missing.err
    placeholder = upgrade(home, "--set", "owner.simon=user_xxx", "--set", "owner.ada=user_2adaAda")
    assert placeholder.code == 2
    assert "placeholder" in placeholder.err
    unknown = upgrade(home, *SETS, "--set", "ownr.simon=user_1")
    assert unknown.code == 2
    assert "Known:" in unknown.err
    assert content(home.database) == before


def test_an_account_that_does_not_exist_stops_it_on_the_copy(home: Stage) -> None:
    sets = ("--set", "owner.simon=user_2nobody", "--set", "owner.ada=user_2adaAda")
    done = upgrade(home, *sets, "--dry-run")
    assert done.code == 4
    assert "simon -> user_2nobody" in done.out + done.err
    assert generation1.ask(home.database, "SELECT count(*) FROM systems WHERE user_id = 'simon'") == [(2,)]


def test_an_unmapped_owner_is_named(home: Stage) -> None:
    done = upgrade(home, "--set", "owner.simon=user_2simonSimon", "--dry-run")
    assert done.code == 4
    assert "ada" in done.out + done.err


def test_two_systems_of_one_site_are_listed_and_joined_only_when_told(home: Stage) -> None:
    home.command("liveone", "db", "shell", "UPDATE systems SET system_number = '1586' WHERE id = 2")
    done = upgrade(home, *SETS, "--dry-run")
    assert done.code == 4
    said = done.out + done.err
    assert "1|simon|1586||2" in said
    assert "2|ada|1586|Town house|2" in said
    assert "0003-time-zone" in said
    for keeper in (1, 2):
        kept = upgrade(home, *SETS, "--set", f"collision=keep:{keeper}", "--dry-run")
        assert kept.code == 0, kept.out + kept.err


def test_without_polling_to_prove_it_is_refused(home: Stage) -> None:
    home.settings.write_text(home.settings.read_text().split("[[vendor]]")[0])
    done = upgrade(home, *CONFIRMED)
    assert done.code == 2
    assert "no [[vendor]] is configured" in done.err


@pytest.mark.slow
def test_a_liveone_that_does_not_run_is_started_for_the_duration(home: Stage) -> None:
    done = upgrade(home, *CONFIRMED)
    assert done.code == 0, done.out + done.err
    assert "simon -> user_2simonSimon  simon@example.org" in done.out
    assert "LiveOne was not running" in done.out
    assert "0 failed" in done.out
    rows = "SELECT vendor_type, vendor_site_id, owner_clerk_user_id FROM systems WHERE id = 1"
    assert generation1.ask(home.database, rows) == [("select.live", "1586", "user_2simonSimon")]
    assert zones(home) == [None]
    assert "nothing to do" in upgrade(home).out
    back = upgrade(home, "--rollback")
    assert back.code == 0, back.out + back.err
    assert "Still in force" not in back.out
    assert generation1.ask(home.database, "SELECT user_id FROM systems WHERE id = 1") == [("simon",)]
    assert home.missing() == {site: [] for site in generation1.SITES}


@pytest.mark.slow
def test_upgrades_go_back_one_by_one_and_are_finished(home: Stage) -> None:
    """A database that lacks what the last two plans add gets it; the way back leaves the rest."""
    shipped_sql.before(home.database, len(shipped.shipped()) - 2)
    done = upgrade(home)
    assert done.code == 0, done.out + done.err
    state = state_of(home.database)
    run_ids = runs.standing(state)
    assert len(run_ids) == 2
    runs.remember(state, ["of an upgrade before"])
    assert runs.last_upgrade(state) == run_ids[:1]
    for left in reversed(range(len(run_ids))):
        back = upgrade(home, "--rollback")
        assert back.code == 0, back.out + back.err
        assert len(runs.standing(state)) == left
    assert zones(home) == [None]
    assert upgrade(home).code == 0
    assert upgrade(home, "--finish").code == 0
    assert "finish" in upgrade(home, "--rollback").err
    rows = "SELECT vendor_type, owner_clerk_user_id FROM systems WHERE id = 1"
    assert generation1.ask(home.database, rows) == [("select.live", "user_2simonSimon")]
