"""The plan that brings accounts into the database: there, back, there again under a LiveOne that serves."""

from pathlib import Path

import httpx2
import pytest
from tests.migration import generation1, shipped_sql, stage
from tests.migration.stage import Stage
from tests.programs import Done

from liveone.accounts import users
from liveone.accounts.passwords import hash_password
from liveone.accounts.users import Account
from liveone.migrations import shipped

PLAN = shipped.shipped()[4].path
ANN = Account("user_ann", "ann@example.org", hash_password("a good one"), True)


def changed(live: Stage, verb: str) -> Done:
    done = live.command("changeover", verb, str(PLAN), "--json")
    assert done.code == 0, f"changeover {verb}: {done.out[-3000:]}{done.err[-3000:]}"
    return done


def signs_in(live: Stage, email: str) -> bool:
    answer = httpx2.post(
        f"{live.url}/api/auth/login", json={"email": email, "password": "a good one"}, trust_env=False
    )
    return answer.status_code == 200


@pytest.mark.slow
def test_accounts_move_there_and_back_while_liveone_serves(tmp_path: Path) -> None:
    past = stage.history(tmp_path, days=2)
    with stage.set_up(tmp_path / "live", past) as live:
        shipped_sql.before(live.database, 4)
        people = users.load(live.folder / "users.toml")
        users.save(live.folder / "users.toml", [*people, ANN])
        live.start()
        assert signs_in(live, "ann@example.org")
        for verb in ("rehearse", "run"):
            assert changed(live, verb).result.get("failed", 0) == 0
        assert signs_in(live, "ann@example.org")
        listed = "SELECT email FROM accounts ORDER BY id"
        assert ("ann@example.org",) in generation1.ask(live.database, listed)
        done = live.command("liveone", "users", "add", "bob@example.org", "--password", "a good one")
        assert done.code == 0, done.err
        assert signs_in(live, "bob@example.org")
        changed(live, "rollback")
        assert not signs_in(live, "bob@example.org")
        assert signs_in(live, "ann@example.org")
        changed(live, "run")
        assert signs_in(live, "bob@example.org")
        assert "bob@example.org" not in (live.folder / "users.toml").read_text()
