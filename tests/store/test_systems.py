"""Systems in both generations: adding, finding, who may see them, removing."""

import pytest
from tests.store.conftest import a_system, rows_of, run
from tests.store.samples import NOON, recorded

from liveone.domain.aggregates import Day
from liveone.errors import BadInput
from liveone.store import aggregates, polling, readings, systems
from liveone.store.database import CannotHold, Statement
from liveone.store.store import Store


def test_a_system_is_the_same_in_both_generations(any_store: Store) -> None:
    (found,) = systems.list_systems(any_store)
    assert (found.id, found.owner, found.vendor_type, found.vendor_site_id) == (
        1,
        "simon",
        "select.live",
        "1586",
    )
    assert (found.timezone_offset_min, found.is_active) == (600, True)
    assert found.display_name == ("System 1586" if any_store.generation == 1 else "Home")
    assert systems.get_system(any_store, 1) == found
    assert systems.get_system(any_store, 2) is None


def test_a_site_is_added_once(any_store: Store) -> None:
    with pytest.raises(BadInput, match=r"1586 of .* is already there"):
        a_system(any_store)
    second = a_system(any_store, "1587", offset_min=-180)
    assert second.timezone_offset_min == -180
    assert [each.id for each in systems.list_systems(any_store)] == [1, second.id]


def test_what_generation_1_cannot_hold_is_refused(store1: Store, store: Store) -> None:
    for changes in ({"vendor_type": "other"}, {"owner": None}, {"timezone_offset_min": 570}):
        fields = {
            "owner": "simon",
            "vendor_type": "select.live",
            "vendor_site_id": "9",
            "display_name": "",
            "timezone_offset_min": 600,
        } | changes
        with pytest.raises(CannotHold, match="liveone upgrade"):
            systems.add_system(store1, **fields)  # type: ignore[arg-type]
        added = systems.add_system(store, **{**fields, "vendor_site_id": str(changes)})  # type: ignore[arg-type]
        assert added.display_name.startswith("System ")


def test_an_account_sees_its_own_and_what_it_was_given(any_store: Store) -> None:
    a_system(any_store, "1587")
    assert systems.role_of(any_store, "simon", 1) == "owner"
    assert systems.role_of(any_store, "eve", 1) is None
    assert [each.id for each in systems.systems_of(any_store, "simon")] == [1, 2]
    assert systems.systems_of(any_store, "eve") == []


def test_a_viewer_sees_what_it_was_given(store: Store) -> None:
    a_system(store)
    a_system(store, "1587")
    store.database.write([Statement("INSERT INTO user_systems (clerk_user_id, system_id) VALUES ('eve', 2)")])
    assert systems.role_of(store, "eve", 2) == "viewer"
    assert [each.id for each in systems.systems_of(store, "eve")] == [2]


def test_switching_off_is_remembered(any_store: Store) -> None:
    systems.set_active(any_store, 1, False)
    assert not systems.list_systems(any_store)[0].is_active
    polling.failed_together(any_store, [polling.FailedPoll(1, NOON, "timeout")])
    assert not systems.list_systems(any_store)[0].is_active
    systems.set_active(any_store, 1, True)
    assert systems.list_systems(any_store)[0].is_active


def test_removing_takes_everything_of_one_system_and_counts_it(
    any_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(systems, "REMOVE_ROWS", 3)
    a_system(any_store, "1587")
    readings.record(any_store, [recorded(NOON + 60 * n, system_id=1 + n % 2) for n in range(20)])
    aggregates.save_days(any_store, 1, [Day("2025-08-16")])
    gone = systems.remove_system(any_store, 1)
    assert (
        gone
        == {
            "readings": 10,
            "readings_agg_5m": 4,
            "readings_agg_1d": 1,
            "polling_status": 1,
            "user_systems": 0,
        }
        or gone["readings_agg_5m"] == 5
    )
    assert [each.id for each in systems.list_systems(any_store)] == [2]
    assert readings.count(any_store, 2) == 10
    assert set(systems.count_rows(any_store, 1).values()) == {0}
    with pytest.raises(BadInput, match="no system 1"):
        systems.remove_system(any_store, 1)


def test_polling_status_is_kept_true(any_store: Store) -> None:
    polling.failed_together(any_store, [polling.FailedPoll(1, NOON, "x" * 2000)])
    polling.failed_together(any_store, [polling.FailedPoll(1, NOON + 60, "timeout")])
    status = polling.statuses(any_store)[1]
    assert (status.consecutive_errors, status.total_polls, status.successful_polls) == (2, 2, 0)
    assert (status.last_error, status.last_error_time, status.last_success_time) == (
        "timeout",
        NOON + 60,
        None,
    )
    readings.record(any_store, [recorded(NOON + 119)])
    status = polling.statuses(any_store)[1]
    assert (status.consecutive_errors, status.total_polls, status.successful_polls) == (0, 3, 1)
    assert (status.last_error, status.last_error_time, status.last_success_time) == (
        None,
        NOON + 60,
        NOON + 120,
    )


def test_a_late_success_hides_no_newer_failure(any_store: Store) -> None:
    polling.failed_together(any_store, [polling.FailedPoll(1, NOON + 600, "timeout")])
    readings.record(any_store, [recorded(NOON)])
    status = polling.statuses(any_store)[1]
    assert (status.last_poll_time, status.last_error, status.consecutive_errors) == (NOON + 600, "timeout", 1)


def test_duplicate_status_rows_stay_and_the_first_counts(store1: Store) -> None:
    run(
        store1,
        """INSERT INTO polling_status (id, system_id, total_polls, last_response)
           VALUES (5, 1, 10, '{"solar": 1}'), (9, 1, 99, 'not json')""",
    )
    assert polling.memory_of(store1) == {}
    readings.record(store1, [recorded(NOON)])
    polling.failed_together(store1, [polling.FailedPoll(1, NOON + 60, "timeout")])
    systems.set_active(store1, 1, True)
    assert polling.statuses(store1)[1].total_polls == 12
    found = rows_of(store1, "SELECT id, total_polls FROM polling_status ORDER BY id")
    assert found == [(5, 12), (9, 99)]
    assert polling.memory_of(store1) == {1: {"k": 1}}


def test_a_failure_of_no_system_is_no_row(any_store: Store) -> None:
    polling.failed_together(any_store, [polling.FailedPoll(77, NOON, "gone")])
    assert polling.statuses(any_store) == {}
