"""What a system is to Home Assistant. Pure."""

import json
from dataclasses import replace

import pytest
from tests.announce.house import READING, SYSTEM

from liveone.announce.device import ALWAYS, Topics, config_of, state_of, told_in
from liveone.announce.energies import never_falling

KWH = (5200.3, 21_000.0, None, None, 916.7004, 0.0)
TOPICS = Topics("liveone", "homeassistant")


def test_energies_only_rise_and_powers_are_measured_so_that_the_energy_dashboard_takes_them() -> None:
    state = state_of(READING, KWH)
    config = config_of(SYSTEM, told_in(state), TOPICS, "0.1.0")
    found = {
        name: (one["device_class"], one["unit_of_measurement"], one["state_class"])
        for name, one in config["components"].items()
        if "state_class" in one
    }
    assert found == {
        **dict.fromkeys(("solar_w", "load_w", "grid_w", "battery_w"), ("power", "W", "measurement")),
        **dict.fromkeys(
            ("solar_kwh", "load_kwh", "grid_in_kwh", "grid_out_kwh"), ("energy", "kWh", "total_increasing")
        ),
        "battery_soc_pct": ("battery", "%", "measurement"),
    }
    assert (state["solar_w"], state["grid_w"], state["grid_in_kwh"]) == (3120, -2379, 916.7)
    assert state["battery_in_kwh"] is None, "absent is not zero"


def test_what_tells_of_the_device_itself_is_diagnostic() -> None:
    config = config_of(SYSTEM, told_in(state_of(READING, KWH)), TOPICS, "0.1.0")
    categories = {name: one.get("entity_category") for name, one in config["components"].items()}
    assert {name for name, category in categories.items() if category == "diagnostic"} == {
        "fault",
        "fault_code",
        "at",
    }
    assert config["components"]["fault"]["device_class"] == "problem"
    assert state_of(replace(READING, fault_code=12), KWH)["fault"] == "ON"


def test_ids_stay_where_a_name_changes_and_two_bases_never_share_one() -> None:
    told = frozenset(("solar_w", *ALWAYS))
    first = config_of(SYSTEM, told, TOPICS, "0.1.0")
    renamed = config_of(replace(SYSTEM, display_name="Barn"), told, TOPICS, "0.1.0")
    other = config_of(SYSTEM, told, Topics("second", "homeassistant"), "0.1.0")
    assert renamed["device"] == first["device"] | {"name": "Barn"}
    ids = [{one["unique_id"] for one in each["components"].values()} for each in (first, renamed, other)]
    assert ids[0] == ids[1]
    assert not ids[0] & ids[2]
    assert len(json.dumps(first)) < 4000


def test_every_component_reads_a_key_that_a_state_has() -> None:
    state = state_of(READING, KWH)
    for name, one in config_of(SYSTEM, frozenset(state), TOPICS, "0")["components"].items():
        assert one["value_template"] == f"{{{{ value_json.{name} }}}}"
        assert name in state


@pytest.mark.parametrize(
    ("before", "now", "told"),
    [(100.0, 100.2, 100.2), (100.0, 99.9, 100.0), (100.0, 50.0, 50.0), (None, 5.0, 5.0), (5.0, None, None)],
)
def test_an_energy_does_not_fall_a_little(
    before: float | None, now: float | None, told: float | None
) -> None:
    assert never_falling([before], [now]) == [told]
