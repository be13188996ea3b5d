"""What commands say of a database on a libSQL server when something is not as it should be."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from tests.cli.house import House, built
from tests.store.conftest import make_on_server
from tests.web.support import house as readings_of_a_house

from liveone.store import bulk
from liveone.store.database import Statement
from liveone.store.libsql.driver import LibsqlDatabase
from liveone.store.readings import row_of
from liveone.store.store import open_store

MIDNIGHT_AT = 1_755_612_000


@pytest.fixture
def place(tmp_path: Path, server_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """LiveOne's settings with an empty database on the server."""
    with built(tmp_path / "home") as found:
        monkeypatch.setenv("LIVEONE_DATABASE_URL", server_url)
        yield found


def run(url: str, *sql: str) -> None:
    with closing(LibsqlDatabase(url)) as database:
        database.write([Statement(each) for each in sql])


def refusal(place: House, *words: str) -> str:
    """What a command that fails says, its advice included."""
    done = place.run(*words)
    assert done.exit_code != 0, done.output
    return f"{done.output}{done.exception}"


def test_a_move_that_was_broken_off_says_to_run_it_again(place: House, server_url: str) -> None:
    place.ok("db", "create")
    run(server_url, "CREATE TABLE liveone_move (source TEXT NOT NULL)")
    for words in (("systems", "list"), ("poll", "--once"), ("serve",)):
        assert "Run the move again" in refusal(place, *words), words


def test_the_outline_of_an_upgrade_says_how_accounts_are_made_and_names_our_own_commands(
    place: House, server_url: str
) -> None:
    make_on_server(server_url, 1)
    said = place.ok("upgrade", "--plan-only")
    assert "liveone users add EMAIL --id" in said
    assert "liveone upgrade --dry-run" in said
    assert "changeover run" not in said
    assert "changeover rehearse" not in said
    refused = refusal(place, "upgrade")
    assert "liveone users add EMAIL --id" in refused
    assert "changeover run" not in refused


def test_catching_up_sees_readings_that_have_no_five_minute_rows(place: House, server_url: str) -> None:
    place.ok("db", "create")
    place.ok("systems", "add", "select.live", "1586", "--timezone", "+10:00")
    with closing(open_store(server_url)) as store:
        rows = map(row_of, readings_of_a_house(MIDNIGHT_AT - 3600, MIDNIGHT_AT + 90_000))
        bulk.import_readings(store, 1, rows)
        before = dict(store.read("storage_rows"))["readings_agg_5m"]
        run(server_url, "DELETE FROM readings_agg_5m WHERE interval_end % 7200 = 0")
        assert dict(store.read("storage_rows"))["readings_agg_5m"] < before
        place.ok("aggregate", "--catchup")
        assert dict(store.read("storage_rows"))["readings_agg_5m"] == before


def test_a_token_in_the_clear_is_refused_with_the_words_that_allow_it(
    place: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIVEONE_DATABASE_URL", "http://db.example:8080")
    monkeypatch.setenv("LIVEONE_DATABASE_TOKEN", "secret")
    for words in (("systems", "list"), ("serve",)):
        said = refusal(place, *words)
        assert "?plain=HOST" in said
        assert "secret" not in said
