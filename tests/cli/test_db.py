"""`liveone db`: the same shell on a file and on a server, the tables made, the move between them."""

import json
import shlex
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from liveone.cli.root import root
from liveone.errors import BadInput, ConfigError
from liveone.store.database import ConstraintFailed, StoreError, Unavailable

Liveone = Callable[..., Result]
ROW = "INSERT INTO systems (id, vendor_type, vendor_site_id, display_name) VALUES ({0}, 'a', '{0}', 'it''s')"


@pytest.fixture(params=["file", "server"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "server":
        found: str = request.getfixturevalue("server_url")
        return found
    return str(tmp_path / "live.db")


@pytest.fixture
def liveone(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Liveone:
    """The command, with an empty LiveOne database configured."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LIVEONE_DATABASE_URL", url)

    def run(*words: str, text: str | None = None) -> Result:
        return CliRunner().invoke(root, words, input=text)

    assert run("db", "create").exit_code == 0
    return run


def out(result: Result) -> str:
    if result.exception:
        raise result.exception
    return result.output


def test_tables_are_made_once(liveone: Liveone) -> None:
    again = liveone("db", "create")
    assert isinstance(again.exception, BadInput)
    assert "already" in str(again.exception)
    assert out(liveone("systems", "list")).startswith("No systems yet")


def test_a_script_is_one_transaction_and_the_error_says_which_statement(
    liveone: Liveone, tmp_path: Path
) -> None:
    script = f"{ROW.format(1)};\n-- twice\n{ROW.format(2)};\n{ROW.format(1)};\n{ROW.format(3)};"
    (tmp_path / "s.sql").write_text(script)
    for result in (liveone("db", "shell", text=script), liveone("db", "shell", "-f", "s.sql")):
        assert isinstance(result.exception, ConstraintFailed)
        assert "statement 3 of 4: INSERT INTO systems" in str(result.exception)
    assert out(liveone("db", "shell", "SELECT count(*) FROM systems")) == "0\n"


def test_a_script_may_bring_its_own_begin_and_commit_but_no_other(liveone: Liveone) -> None:
    framed = f"PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\n{ROW.format(1)};\nCOMMIT;\n"
    assert "they stay on" in liveone("db", "shell", text=framed).output
    assert out(liveone("db", "shell", "SELECT display_name FROM systems")) == "it's\n"
    two = f"BEGIN; {ROW.format(2)}; COMMIT; BEGIN; {ROW.format(3)}; COMMIT;"
    assert isinstance(liveone("db", "shell", text=two).exception, BadInput)
    assert out(liveone("db", "shell", "SELECT count(*) FROM systems")) == "1\n"


def test_rows_look_as_asked(liveone: Liveone) -> None:
    asked = "SELECT 1 AS one, 'a|b' AS two, NULL AS three"
    assert out(liveone("db", "shell", asked)) == "1|a|b|\n"
    assert out(liveone("db", "shell", "--mode", "csv", asked)) == "one,two,three\n1,a|b,\n"
    table = out(liveone("db", "shell", "--mode", "table", asked)).splitlines()
    assert table == ["one  two  three", "---  ---  -----", "  1  a|b"]
    assert "  two = a|b" in out(liveone("db", "shell", "--mode", "line", asked))
    said = json.loads(out(liveone("db", "shell", "--json", asked)))
    assert (said["columns"], said["rows"]) == (["one", "two", "three"], [[1, "a|b", None]])


def test_dot_commands_work_in_one_shot(liveone: Liveone, tmp_path: Path) -> None:
    assert out(liveone("db", "shell", ".tables")).split()[:2] == ["accounts", "audit_entries"]
    schema = out(liveone("db", "shell", ".schema systems"))
    assert schema.startswith("CREATE TABLE systems")
    assert "vendor_site_unique" in schema
    assert "readings" not in schema
    assert isinstance(liveone("db", "shell", ".nonsense").exception, BadInput)
    (tmp_path / "s.sql").write_text("SELECT 7")
    said = out(liveone("db", "shell", text=".mode json\n.read s.sql\n"))
    assert json.loads(said[said.index("{") :])["rows"] == [[7]]


def test_a_dump_is_read_by_sqlite_and_by_this_shell(
    liveone: Liveone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exact = (
        "INSERT INTO readings_agg_1d (system_id, day, solar_kwh) VALUES ('1', '2025-08-16', 30788.25108 / 7)"
    )
    quoted = "INSERT INTO polling_status (system_id, last_error) VALUES (3, 'a' || char(10) || 'b;' || '''')"
    out(liveone("db", "shell", f"{ROW.format(3)}; {exact}; {quoted}; DELETE FROM readings"))
    dumped = out(liveone("db", "shell", ".dump"))
    with closing(sqlite3.connect(tmp_path / "by-sqlite.db")) as connection:
        connection.executescript(dumped)
        assert connection.execute("SELECT solar_kwh FROM readings_agg_1d").fetchone() == (30788.25108 / 7,)
        assert connection.execute("SELECT last_error FROM polling_status").fetchone() == ("a\nb;'",)
    with closing(sqlite3.connect(tmp_path / "ours.db")) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
    monkeypatch.setenv("LIVEONE_DATABASE_URL", str(tmp_path / "ours.db"))
    out(liveone("db", "shell", text=dumped))
    assert out(liveone("db", "shell", ".dump")) == dumped
    next_id = (
        "INSERT INTO systems (vendor_type, vendor_site_id, display_name) VALUES ('a','n','n') RETURNING id"
    )
    assert out(liveone("db", "shell", next_id)) == "4\n"


def test_a_session_goes_on_after_an_error(
    liveone: Liveone, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from liveone.cli.sql import SqlShell, converse
    from liveone.database.open import open_database
    from liveone.settings import config

    lines = iter(["SELECT", " 1 + 1;", "SELECT nope;", ".mode csv", ".tables", ".what", ROW.format(1) + ";"])

    def typed(prompt: str) -> str:
        try:
            return next(lines)
        except StopIteration:
            raise EOFError from None

    monkeypatch.setattr("builtins.input", typed)
    with closing(open_database(config.load())) as database:
        converse(SqlShell(database))
    said = capsys.readouterr()
    assert "2\n" in said.out
    assert "name\naccounts" in said.out
    assert "nope" in said.err
    assert ".what is not known" in said.err
    assert "1 rows changed" in said.err


def test_a_move_ends_with_the_numbers_of_both_sides(
    liveone: Liveone, url: str, server_url: str, tmp_path: Path
) -> None:
    out(liveone("db", "shell", ROW.format(1)))
    target = str(tmp_path / "target.db") if url == server_url else server_url
    said = out(liveone("db", "move", url, target))
    assert ["systems", "1", "1"] in [line.split() for line in said.splitlines()]
    assert f"LIVEONE_DATABASE_URL={shlex.quote(target)}" in said
    refused = liveone("db", "move", url, target)
    assert isinstance(refused.exception, BadInput)


def test_a_backup_is_a_file_in_either_case_and_restore_says_how(
    liveone: Liveone, url: str, tmp_path: Path
) -> None:
    out(liveone("db", "shell", ROW.format(1)))
    assert "1 systems" in out(liveone("backup"))
    (kept,) = (tmp_path / "backups").glob("*.db")
    restored = liveone("restore", str(kept), "--yes")
    if "://" in url:
        assert isinstance(restored.exception, BadInput)
        assert "liveone db restore" in str(restored.exception)
    else:
        assert restored.exit_code == 0
    assert "generation 3" in liveone("doctor").output
    assert "there is nothing to do" in out(liveone("upgrade", "--plan-only"))


def test_init_on_a_server_makes_the_tables_there(
    server_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "home"
    assert CliRunner().invoke(root, ["init", str(folder), "--database", server_url]).exit_code == 0
    assert not (folder / "liveone.db").exists()
    done = CliRunner().invoke(root, ["--config", str(folder / "liveone.toml"), "systems", "list"])
    assert done.output.startswith("No systems yet")


def test_init_on_a_server_that_is_away_writes_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "home"
    done = CliRunner().invoke(root, ["init", str(folder), "--database", "http://127.0.0.1:9"])
    assert isinstance(done.exception, Unavailable)
    assert isinstance(done.exception, StoreError)
    assert not folder.exists()


def test_a_database_of_another_kind_is_refused_without_its_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LIVEONE_DATABASE_URL", "postgres://ann:secret@host/db")
    done = CliRunner().invoke(root, ["systems", "list"])
    assert isinstance(done.exception, ConfigError)
    assert "secret" not in str(done.exception)
    assert "libsql://HOST" in str(done.exception)
