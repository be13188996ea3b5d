"""Generation 0: adopted, not served as it is, brought up by plans of its own, and taken back word by word."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.migration import generation0, layouts, stage
from tests.migration.stage import SETS, Stage
from tests.sample import drawn

KEPT = (*SETS, "--set", "collision=keep:1", "--confirm", "people")


@pytest.fixture(params=drawn([False, True], 1), ids=lambda early: "with early intervals" if early else "")
def home(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Stage]:
    """A folder with settings and a portal; the old database lies beside it."""
    generation0.make(tmp_path / "old.db", early=request.param)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with stage.set_up(tmp_path / "live", stage.history(tmp_path, days=1), port=port) as found:
        found.database.unlink()
        yield found


@pytest.mark.slow
@pytest.mark.sampled
def test_the_first_weeks_are_brought_up_and_taken_back(home: Stage, tmp_path: Path) -> None:
    old = tmp_path / "old.db"
    before = layouts.rows_of(old)
    adopted = home.command("liveone", "adopt", str(old))
    assert adopted.code == 0, adopted.err
    assert "generation 0" in adopted.out
    assert "systems 1 and 2 share number 1586" in adopted.out
    assert "--set collision=keep:1" in adopted.out
    assert "liveone upgrade --plan-only" in home.command("liveone", "serve").err
    done = home.command("liveone", "upgrade", *KEPT)
    assert done.code == 0, done.out + done.err
    assert home.ask("SELECT vendor_type, vendor_site_id, timezone_offset_min FROM systems") == [
        ("select.live", "1586", 600)
    ]
    ours = "FROM readings WHERE inverter_time <= (SELECT max(inverter_time) FROM changeover_first_readings)"
    assert home.ask(f"SELECT count(*), count(DISTINCT inverter_time) {ours}") == [(generation0.MOMENTS,) * 2]
    assert home.ask(f"SELECT DISTINCT typeof(solar_w), typeof(grid_w) {ours}") == [("integer", "integer")]
    assert home.ask("SELECT count(*) > 500 FROM readings_agg_5m") == [(1,)]
    back = home.command("liveone", "upgrade", "--rollback")
    assert back.code == 0, back.out + back.err
    assert layouts.schema_of(home.database) == layouts.schema_of(old)
    after = layouts.rows_of(home.database)
    for table, rows in before.items():
        if table == "polling_status":
            continue  # the polls that prove an upgrade move it
        assert [row for row in rows if row not in after[table]] == [], table
    assert home.command("liveone", "schema", "status").code == 3


def test_a_gap_in_the_powers_stops_it_and_names_the_row(tmp_path: Path) -> None:
    past = stage.history(tmp_path, days=1)
    with stage.set_up(tmp_path / "live", past) as home:
        home.database.unlink()
        generation0.make(home.database, nullable=True)
        layouts.tell(home.database, "UPDATE readings SET load_power = NULL WHERE id = 5")
        before = home.database.read_bytes()
        done = home.command("liveone", "upgrade", *KEPT)
        assert done.code == 4
        assert "5|1|" in done.out + done.err
        assert home.database.read_bytes() == before
        assert not (home.folder / "upgrade-serve.log").exists()
