"""`liveone points`: out to CSV and in again, with words for what cannot be read."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from liveone.cli.root import root
from liveone.store import systems
from liveone.store.files import create
from liveone.store.store import open_store


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    create(tmp_path / "liveone.db")
    store = open_store(tmp_path / "liveone.db")
    systems.add_system(
        store, owner=None, vendor_type="none", vendor_site_id="", display_name="Home", timezone_offset_min=600
    )
    store.close()
    (tmp_path / "liveone.toml").write_text('[database]\nurl = "liveone.db"\n')
    return tmp_path


def run(folder: Path, *words: str) -> Result:
    return CliRunner().invoke(root, ["--config", str(folder / "liveone.toml"), "points", *words])


def test_points_go_in_and_out_as_csv_and_are_named_and_removed(folder: Path) -> None:
    assert "No points" in run(folder, "list", "1").output
    given = folder / "in.csv"
    given.write_text("time,value\n2025-06-01T12:00:00+10:00,21.5\n1748743260,22\n1748743260,99\n")
    words = ("import", "1", str(given), "--key", "flow_c", "--source", "heat pump")
    assert "2 of 3 values are new" in run(folder, *words).output
    assert "0 of 3 values are new" in run(folder, *words).output
    assert (
        run(folder, "edit", "1", "1", "--name", "Vorlauf", "--role", "temperature", "--hide").exit_code == 0
    )
    (point,) = json.loads(run(folder, "list", "1", "--json").output)
    assert (point["name"], point["unit"], point["source"], point["hidden"], point["value"]) == (
        *("Vorlauf", "°C", "heat pump", True, 22.0),
    )
    assert run(folder, "export", "1", "1", str(folder / "out.csv")).exit_code == 0
    assert (folder / "out.csv").read_text().splitlines() == [
        "time,value",
        "2025-06-01T12:00:00+10:00,21.5",
        "2025-06-01T12:01:00+10:00,22",
    ]
    assert run(folder, "remove", "1", "1", "--yes").exit_code == 0
    assert "No points" in run(folder, "list", "1").output


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("2025-06-01T12:00:00,1\n", "line 1 of in.csv is no time and number"),
        ("time,value\n1748743260\n", "line 2 of in.csv is no time and number"),
        ("1748743260,nan\n", "line 1 of in.csv cannot be"),
        ("99999999999,1\n", "line 1 of in.csv cannot be"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_whole(folder: Path, text: str, words: str) -> None:
    (folder / "in.csv").write_text("1748743200,1\n" * (not text.startswith("time")) + text)
    refused = run(folder, "import", "1", str(folder / "in.csv"), "--key", "flow_c")
    assert refused.exit_code != 0
    assert words.replace("line 1", "line 2") in str(refused.exception)
    assert "No points" in run(folder, "list", "1").output
    assert "no point 9" in str(run(folder, "edit", "1", "9", "--name", "x").exception)
