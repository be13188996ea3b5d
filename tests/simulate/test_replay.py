"""A recording played again, row by row, at any speed."""

import csv
from pathlib import Path

import pytest

from liveone.errors import BadInput
from liveone.simulate.replay import COLUMNS, Replay

START_AT = 1_800_000_000
CSV_NAME = "selectlive_2025-08-16_18.csv"


def recording(path: Path, *rows: dict[str, object]) -> Path:
    with path.open("w", newline="") as file:
        table = csv.DictWriter(file, COLUMNS)
        table.writeheader()
        table.writerows(rows)
    return path


def row(at: int, solar_kwh: float = 10.0, **values: object) -> dict[str, object]:
    zeros: dict[str, object] = dict.fromkeys(COLUMNS, 0)
    return zeros | {"inverter_time": at, "solar_kwh_total": solar_kwh, "load_kwh_total": 5.0} | values


def test_every_recorded_row_is_served_at_its_shifted_time(shared_data: Path) -> None:
    path = shared_data / CSV_NAME
    replay = Replay(path, start_at=START_AT)
    with path.open() as file:
        rows = list(csv.DictReader(file))
    first_at = int(rows[0]["inverter_time"])
    for recorded in rows:
        at = START_AT + int(recorded["inverter_time"]) - first_at
        sample = replay.sample(at + 0.5)
        assert sample is not None
        assert sample.taken_at == at
        assert sample.load_w == float(recorded["load_w"])
        assert sample.battery_w == float(recorded["battery_w"])
        solar_w = (sample.solar_inverter_w or 0) + (sample.shunt_w or 0)
        assert abs(solar_w - float(recorded["solar_w"])) <= 1
        if float(recorded["load_kwh_total"]):
            assert sample.total_kwh["load"] == float(recorded["load_kwh_total"])
        else:
            assert sample.total_kwh == {}


def test_at_speed_every_served_second_has_one_sample(shared_data: Path) -> None:
    replay = Replay(shared_data / CSV_NAME, start_at=START_AT, speed=60.0)
    served: dict[int, object] = {}
    for step in range(4 * 1200):
        now_at = START_AT + step / 4
        sample = replay.sample(now_at)
        assert sample is not None
        assert sample.taken_at <= now_at
        assert served.setdefault(sample.taken_at, sample) == sample
    assert len(served) > 1000


def test_the_recording_begins_again_and_its_counters_go_on(tmp_path: Path) -> None:
    path = recording(tmp_path / "r.csv", row(1000, 10.0), row(1060, 10.5))
    replay, held = Replay(path, start_at=START_AT), Replay(path, start_at=START_AT, loop=False)
    solar = [
        sample.total_kwh["solar"] for at in (0, 60, 120, 180) if (sample := replay.sample(START_AT + at))
    ]
    assert solar == [10.0, 10.5, 10.5, 11.0]
    last = held.sample(START_AT + 99999)
    assert last is not None
    assert last.taken_at == START_AT + 60
    assert replay.sample(START_AT - 1) is None


def test_an_empty_cell_is_a_field_the_device_did_not_send(tmp_path: Path) -> None:
    path = recording(tmp_path / "r.csv", row(1000, load_w="", battery_in_kwh_total=""))
    sample = Replay(path, start_at=START_AT).sample(START_AT)
    assert sample is not None
    assert sample.load_w is None
    assert sample.total_kwh["battery_in"] is None


def test_today_counts_from_local_midnight(tmp_path: Path) -> None:
    midnight = 10 * 86400 - 36000
    path = recording(
        tmp_path / "r.csv", row(midnight - 60, 9.0), row(midnight + 60, 10.0), row(midnight + 600, 12.5)
    )
    sample = Replay(path, start_at=START_AT).sample(START_AT + 660)
    assert sample is not None
    assert sample.today_kwh["solar"] == 2.5


def test_a_bad_recording_is_refused_with_line_and_column(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="line 3: load_w is 'much', not a number"):
        Replay(recording(tmp_path / "a.csv", row(1000), row(1060, load_w="much")), start_at=START_AT)
    (tmp_path / "b.csv").write_text("time,power\n1,2\n")
    with pytest.raises(BadInput, match="no column inverter_time"):
        Replay(tmp_path / "b.csv", start_at=START_AT)
    with pytest.raises(BadInput, match="cannot be read"):
        Replay(tmp_path / "none.csv", start_at=START_AT)
    with pytest.raises(BadInput, match="speed"):
        Replay(recording(tmp_path / "c.csv", row(1000)), start_at=START_AT, speed=0)
