"""What a stranger types wrong, or in an order nobody thought of: named, answered, and nothing half done."""

import json
import os
import socket
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.cli.house import House, built

from liveone.cli.root import root
from liveone.errors import BadInput, ConfigError
from liveone.store.database import ConstraintFailed, Foreign, Unavailable
from liveone.store.sql import schema_path

IN_2025 = 1755310673


@pytest.fixture
def system(tmp_path: Path) -> Iterator[House]:
    with built(tmp_path) as house:
        house.ok("systems", "add", "select.live", "1586", "--name", "Farm", "--timezone", "+10:00")
        yield house


def test_an_import_closes_the_days_it_brought(system: House) -> None:
    file = system.folder / "in.csv"
    file.write_text(f"inverter_time,load_w\n{IN_2025},100\n{IN_2025 + 86_400},200\n")
    assert "0 days" not in system.ok("import", str(file), "--system", "1", "--dry-run")
    assert "2 days computed anew" in system.ok("import", str(file), "--system", "1")
    again = json.loads(system.ok("import", str(file), "--system", "1", "--json"))
    assert (again["new"], again["days"]) == (0, 0)
    out = system.folder / "days.json"
    system.ok("export", "--system", "1", "--kind", "daily", "--format", "json", "-o", str(out))
    assert [day["day"] for day in json.loads(out.read_text())] == ["2025-08-16", "2025-08-17"]


def test_an_export_writes_into_a_pipe_and_leaves_it_a_pipe(system: House) -> None:
    system.ok("poll")
    pipe, found = system.folder / "pipe", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: found.append(pipe.read_text()), daemon=True)
    reader.start()
    system.ok("export", "--system", "1", "-o", str(pipe))
    reader.join(5)
    assert pipe.is_fifo()
    assert len(found[0].splitlines()) == 2


@pytest.mark.parametrize(("content", "error"), [(None, Unavailable), (b"x" * 4096, Foreign)])
def test_a_backup_that_is_none_is_refused_before_anything_is_asked(
    system: House, content: bytes | None, error: type[Exception]
) -> None:
    file = system.folder / "backup.db"
    if content:
        file.write_bytes(content)
    done = system.run("restore", str(file), text="y\n")
    assert isinstance(done.exception, error)
    assert "Replace" not in done.output


def test_a_restore_asks_with_what_the_backup_holds(system: House) -> None:
    system.ok("poll")
    made = json.loads(system.ok("backup", "--json"))
    done = system.run("restore", made["path"], text="n\n")
    assert "generation 3, 1 readings" in done.output
    assert not list(system.folder.glob("*.replaced-*"))


def test_an_account_of_no_known_brand_is_named_before_anything_is_polled(system: House) -> None:
    settings = system.folder / "liveone.toml"
    settings.write_text(settings.read_text().replace('type = "select.live"', 'type = "selectlive"'))
    done = system.run("poll")
    assert isinstance(done.exception, ConfigError)
    assert "the unknown type 'selectlive'" in str(done.exception)
    assert "select.live-lan" in done.exception.hint


def test_words_that_are_no_use_are_said_to_be(system: House) -> None:
    wrong = {
        ("systems", "edit", "1", "--name", ""): "no name for a system",
        ("users", "add", "ann"): "not an e-mail address",
        ("upgrade", "--rollback"): "no upgrade was run",
        ("upgrade", "--finish"): "no upgrade was run",
        ("db", "shell", ".read nowhere.sql"): "nowhere.sql cannot be read: No such file",
    }
    for words, says in wrong.items():
        done = system.run(*words)
        assert isinstance(done.exception, BadInput), words
        assert says in str(done.exception)
        assert "Password" not in done.output
    kind = system.run("systems", "add", "selectlive", "1586")
    assert "select.live-lan" in kind.output
    assert kind.exit_code == 2


def test_a_demo_whose_port_is_taken_begins_nothing(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = CliRunner().invoke(root, ["demo", "--folder", str(tmp_path / "demo"), "--port", port])
    assert "stop it or take another port" in str(done.exception)
    assert not (tmp_path / "demo").exists()


def test_an_import_with_gaps_into_old_tables_says_which_tables_take_it(tmp_path: Path) -> None:
    path, file = tmp_path / "old.db", tmp_path / "in.csv"
    with closing(sqlite3.connect(path)) as old:
        old.executescript(schema_path(1).read_text())
        old.execute("INSERT INTO systems (user_id, system_number) VALUES ('simon', '1586')")
        old.commit()
    file.write_text(f"inverter_time,load_w\n{IN_2025},100\n")
    words = ["import", str(file), "--system", "1"]
    done = CliRunner().invoke(root, words, env={"LIVEONE_DATABASE_URL": str(path), "LIVEONE_CONFIG": ""})
    assert isinstance(done.exception, ConstraintFailed)
    assert "a value is missing" in str(done.exception)
