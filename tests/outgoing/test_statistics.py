"""LiveOne's energies as Home Assistant's statistics, against a stand-in; `make peers` asks the real one."""

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from tests.cli.house import House
from tests.vendors.home_assistant import TOKEN, HomeAssistantStandIn, home_assistant

from liveone.cli.root import root

HOUR_S, FROM_AT = 3600, 1_767_225_600
"""2026-01-01T00:00:00Z"""
HOURS = 50


class Recorder(HomeAssistantStandIn):
    """Keeps what is imported, as Home Assistant does: an hour that is there is replaced."""

    def __init__(self, units: dict[str, str] | None = None) -> None:
        super().__init__({})
        self.units = units or {}
        self.kept: dict[str, dict[int, dict[str, float]]] = {}
        self.metadata: dict[str, dict[str, Any]] = {}
        self.results = {
            "recorder/get_statistics_metadata": self._told,
            "recorder/import_statistics": self._imported,
        }
        self.statistics = {"hour": {}}

    def _told(self, command: dict[str, Any]) -> list[dict[str, Any]]:
        return [
            {"statistic_id": key, "statistics_unit_of_measurement": self.units[key], "has_sum": True}
            for key in command["statistic_ids"]
            if key in self.units
        ]

    def _imported(self, command: dict[str, Any]) -> None:
        name = command["metadata"]["statistic_id"]
        self.metadata[name] = command["metadata"]
        for row in command["stats"]:
            at = int(datetime.fromisoformat(row["start"]).timestamp())
            assert at % HOUR_S == 0
            self.kept.setdefault(name, {})[at] = {"sum": row["sum"], "state": row["state"]}


@pytest.fixture
def house(tmp_path: Path) -> House:
    """50 hours of 6 kW of sun and 1.2 kW of export, in a zone of half an hour."""
    assert CliRunner().invoke(root, ["init", str(tmp_path / "home")]).exit_code == 0
    found = House(tmp_path / "home", portal=None)  # type: ignore[arg-type]
    found.ok("systems", "add", "none", "--name", "Home", "--timezone", "Asia/Kolkata")
    lines = ["time,solar_w,grid_w,solar_kwh_total,grid_out_kwh_total"]
    lines += [
        f"{FROM_AT + 300 * n},6000,-1200,{1000 + 0.5 * n},{40 + 0.1 * n:.1f}" for n in range(12 * HOURS + 1)
    ]
    (tmp_path / "history.csv").write_text("\n".join(lines))
    found.ok("import", str(tmp_path / "history.csv"), "--system", "1")
    return found


def fill(house: House, url: str, *more: str) -> str:
    return house.ok("outgoing", "statistics", "1", "--url", url, "--token", TOKEN, *more)


def test_every_hour_is_there_once_and_the_sums_are_those_of_the_days(house: House) -> None:
    recorder = Recorder()
    with home_assistant(recorder) as url:
        assert "50 hours of solar" in fill(house, url)
        first = {name: dict(rows) for name, rows in recorder.kept.items()}
        fill(house, url)
        assert recorder.kept == first, "the same again changes nothing"
        assert "liveone:system_1_solar  2 hours" in fill(house, url, "--from", "2026-01-03T05:30:00")
        assert recorder.kept == first
    solar = recorder.kept["liveone:system_1_solar"]
    assert sorted(solar) == [FROM_AT + HOUR_S * n for n in range(HOURS)]
    assert [round(row["sum"], 3) for row in solar.values()] == [6.0 * (n + 1) for n in range(HOURS)]
    assert recorder.kept["liveone:system_1_grid_out"][FROM_AT + HOUR_S * 49]["sum"] == pytest.approx(60)
    told = recorder.metadata["liveone:system_1_solar"]
    assert (told["source"], told["unit_of_measurement"], told["name"]) == ("liveone", "kWh", "Home solar")


@pytest.mark.parametrize(("unit", "factor"), [("kWh", 1), ("Wh", 1000), ("MWh", 0.001)])
def test_an_entity_keeps_its_newest_hour_and_the_sums_lead_up_to_it_in_its_unit(
    house: House, unit: str, factor: float
) -> None:
    recorder = Recorder({"sensor.sun": unit})
    newest_at = FROM_AT + 40 * HOUR_S
    newest = {"start": newest_at * 1000, "sum": 12 * factor, "state": 5012 * factor}
    recorder.statistics = {"hour": {"sensor.sun": [newest]}}
    with home_assistant(recorder) as url:
        fill(house, url, "--entity", "solar=sensor.sun")
    rows = recorder.kept["sensor.sun"]
    assert max(rows) == newest_at - HOUR_S, "its own hours stay as they are"
    assert rows[newest_at - HOUR_S]["sum"] == pytest.approx((12 - 6) * factor), "no jump"
    assert rows[newest_at - HOUR_S]["state"] == pytest.approx((5012 - 6) * factor)
    assert rows[FROM_AT]["sum"] == pytest.approx((12 - 6 * 40) * factor)
    told = recorder.metadata["sensor.sun"]
    assert (told["source"], told["unit_of_measurement"]) == ("recorder", unit)


def test_what_is_no_energy_and_what_cannot_be_is_refused_in_words(house: House) -> None:
    recorder = Recorder({"sensor.sun": "W"})
    with home_assistant(recorder) as url:
        for words, said in (
            (("--entity", "solar=sensor.sun"), "no statistic of energy"),
            (("--entity", "sun=sensor.sun"), "cannot be used"),
        ):
            done = house.run("outgoing", "statistics", "1", "--url", url, "--token", TOKEN, *words)
            assert said in str(done.exception)
            assert TOKEN not in done.output + str(done.exception)
    assert recorder.kept == {}
