"""The index of faults that a changeover must survive: each by its name in the design, with what proves it.

Rule: the table below is code. A test that is renamed or taken away without a successor fails here; so does a
fault that the design names and nobody proves. What only the online strategy has (`ONLINE`) comes with it.
"""

import importlib
import re
from pathlib import Path

import pytest

DESIGN = Path(__file__).parents[4] / "shared/design/changeover.md"
HERE = "tests.changeover"

FAULTS: dict[str, tuple[str, ...]] = {
    "SIGKILL at every statement boundary of every phase": (
        "run.test_killed:test_a_run_killed_anywhere_is_finished_by_resume_and_undone_by_rollback",
        "database.test_kill:test_forward_killed_anywhere_is_old_or_new_and_can_be_finished",
        "fire.test_night:test_the_boundaries_at_which_runners_are_killed_are_those_that_the_transaction_names",
    ),
    "between COMMIT and report": (
        "run.test_killed:test_a_run_killed_anywhere_is_finished_by_resume_and_undone_by_rollback",
        "fire.test_night:test_killed_between_the_last_commit_and_the_report_nothing_is_untold",
    ),
    "in backup": (
        "database.test_kill:test_a_backup_killed_anywhere_is_whole_or_not_there",
        "database.test_kill:test_a_backup_killed_while_it_copies_leaves_only_a_partial_file",
    ),
    "restore": (
        "database.test_kill:test_a_restore_killed_between_its_steps_is_old_or_new",
        "database.test_kill:test_a_restore_killed_while_it_writes_is_old_or_new",
    ),
    "rollback": (
        "run.test_killed:test_a_rollback_killed_anywhere_comes_to_its_end",
        "database.test_kill:test_rollback_killed_anywhere_is_new_or_old_and_can_be_finished",
    ),
    "twice during resume": (
        "run.test_killed:test_a_resume_killed_anywhere_after_a_kill_is_finished_by_the_next",
        "fire.test_night:test_killed_twice_during_resume_and_finished_by_the_third",
        "fire.test_night:test_killed_twice_during_resume_and_then_taken_back",
    ),
    "two runners at once": (
        "run.test_fire:test_of_two_runners_the_second_is_refused_and_told_about_the_first",
        "database.test_lock:test_two_runners_at_once_the_second_is_told_who_the_first_is",
    ),
    "a runner stopped for longer than its lease": (
        "run.test_fire:test_a_runner_that_slept_past_its_lease_writes_nothing_any_more",
        "database.test_lock:test_a_runner_stopped_longer_than_its_lease_writes_nothing_when_it_wakes",
        "database.test_lock:test_it_writes_nothing_even_if_nobody_took_over",
        "database.test_lock:test_a_runner_that_was_overtaken_finds_a_token_that_is_not_its_own",
    ),
    "disk full at copy": (
        "run.test_fire:test_a_full_disk_in_the_change_leaves_the_old_database",
        "database.test_transaction:test_a_full_disk_in_the_script_changes_nothing",
        "database.test_backup:test_a_disk_without_room_is_refused_before_a_byte_is_written",
    ),
    "in the WAL": ("database.test_transaction:test_a_disk_that_fills_up_in_the_wal_changes_nothing",),
    "a reader that pins the WAL": (
        "fire.test_night:test_a_reader_that_pins_the_wal_from_beginning_to_end_sees_its_own_moment",
        "database.test_transaction:test_a_reader_that_pins_the_wal_does_not_stop_the_change",
    ),
    "a writer that holds the lock past the budget": (
        "fire.test_night:test_a_writer_that_holds_the_lock_is_waited_for_and_then_the_run_goes_back",
        "database.test_transaction:test_a_writer_that_holds_the_lock_past_the_budget_is_waited_for_just_so_long",
    ),
    "INSERT OR REPLACE/IGNORE/FAIL": (
        "fire.test_writers:test_one_kind_of_write_at_every_boundary",
        "database.test_transaction:test_whatever_a_conflict_does_to_the_transaction_nothing_remains",
    ),
    "UPSERT": ("fire.test_writers:test_one_kind_of_write_at_every_boundary",),
    "key updates": ("fire.test_writers:test_one_kind_of_write_at_every_boundary",),
    "unique values swapped between rows, in every phase": (
        "fire.test_writers:test_one_kind_of_write_at_every_boundary",
    ),
    "composite keys with the same id in many systems": (
        "fire.test_history:test_a_subquery_on_half_of_a_composite_key",
        "fire.test_history:test_half_a_key_that_was_waved_through_is_still_counted_in_the_rehearsal",
        "fire.test_writers:test_one_kind_of_write_at_every_boundary",
    ),
    "INSERT..SELECT that drops rows": (
        "fire.test_history:test_an_insert_select_that_drops_rows_before_a_drop",
        "fire.test_history:test_the_same_copy_with_the_rows_declared_is_stopped_by_their_number",
    ),
    "a script that goes on after an error": (
        "fire.test_night:test_a_script_does_not_go_on_after_an_error",
        "database.test_transaction:test_a_bad_statement_rolls_back_everything_before_it_and_names_its_line",
        "fire.test_history:test_a_raise_outside_a_trigger",
    ),
    "new rows that the old schema cannot hold": (
        "run.test_refusals:test_rows_that_the_old_schema_cannot_hold_are_found_by_the_rehearsal",
        "fire.test_night:test_a_null_that_the_old_schema_cannot_hold_is_found_by_the_rehearsal",
        "fire.test_night:test_and_a_way_back_that_has_a_place_for_it_is_not",
    ),
    "rollback after an hour of writes": (
        "fire.test_writers:test_a_rollback_after_an_hour_of_writes_keeps_every_one",
        "run.test_fire:test_rows_written_between_run_and_rollback_are_kept_whatever_they_changed",
    ),
    "rollback of the rollback": (
        "fire.test_writers:test_a_rollback_of_the_rollback_is_the_change_again",
        "run.test_fire:test_there_and_back_three_times_is_the_same_as_never",
    ),
    "plan edited": (
        "run.test_refusals:test_a_plan_edited_after_its_rehearsal_is_refused",
        "run.test_refusals:test_a_plan_edited_during_a_run_is_not_resumed_but_its_kept_copy_is",
    ),
    "database changed, after the rehearsal": (
        "run.test_refusals:test_a_database_changed_after_the_rehearsal_is_refused_with_the_difference",
        "run.test_refusals:test_a_schema_changed_by_somebody_else_during_a_run_stops_resume_and_rollback",
    ),
    "table missing in the target": (
        "fire.test_history:test_a_table_missing_in_production",
        "run.test_refusals:test_a_table_that_is_missing_in_the_target_is_found_before_anything_runs",
    ),
    "placeholder ids": (
        "fire.test_history:test_a_placeholder_id_in_the_script",
        "fire.test_history:test_a_placeholder_id_as_a_parameter",
    ),
    "connection refused": ("run.test_smoke:test_a_refused_connection_goes_back",),
    "503 then 200": (
        "run.test_smoke:test_503_and_then_200_is_healthy",
        "run.test_smoke:test_503_to_the_last_retry_goes_back_as_inconclusive",
    ),
    "200 with the wrong body": ("run.test_smoke:test_a_wrong_answer_goes_back_and_shows_expected_and_found",),
    "404": ("run.test_smoke:test_a_wrong_answer_goes_back_and_shows_expected_and_found",),
    "hang": ("run.test_smoke:test_an_application_that_hangs_is_waited_for_no_longer_than_the_timeout",),
    "clock jumps": (
        "fire.test_night:test_a_wall_clock_that_jumps_in_mid_run_breaks_no_budget_and_loses_no_lease",
        "database.test_transaction:test_a_wall_clock_that_jumps_does_not_touch_the_budget",
        "database.test_lock:test_a_wall_clock_that_jumps_neither_ends_nor_prolongs_a_lease",
    ),
    "mojibake": (
        "fire.test_check:test_mojibake_and_windows_lines_are_found_and_the_sound_line_is_proposed",
        "document.test_adopt:test_garbled_text_and_windows_lines_are_repaired_and_said_so",
    ),
    "CRLF": ("document.test_reading:test_windows_lines_make_the_same_plan_with_the_same_hash",),
    "duplicate ids": ("document.test_bad_plans:test_the_one_fault_is_found_at_its_line",),
    "unticked boxes": (
        "run.test_refusals:test_a_box_that_nobody_judged_stops_the_run_and_leaves_no_trace",
        "run.test_refusals:test_a_person_who_says_no_stops_the_run",
    ),
    "output that differs by a space": (
        "run.test_refusals:test_output_that_differs_by_a_space_fails_and_shows_where",
        "document.test_expect:test_a_difference_of_a_space_is_made_visible",
    ),
    "a random sequence of operations against an offline-migrated oracle": (
        "fire.test_writers:test_a_random_sequence_of_writes_equals_the_oracle_there_and_back",
    ),
}
ONLINE = ("at swap",)
"""The online rebuild's swap is an issue of its own."""

ON_A_SERVER: dict[str, tuple[str, ...]] = {
    "runner killed at every request boundary": (
        "server.test_killed:test_a_run_killed_anywhere_is_finished_by_resume_and_undone_by_rollback",
        "server.test_killed:test_a_rollback_killed_anywhere_comes_to_its_end",
        "server.test_killed:test_a_finish_killed_anywhere_is_finished_by_the_next",
        "server.test_killed:test_a_resume_killed_anywhere_after_a_kill_is_finished_by_the_next",
        "server.test_faults:test_a_runner_killed_at_any_request_leaves_old_or_new_and_the_next_one_finishes",
    ),
    "server killed -9 at every phase": (
        "server.test_server_dies:test_it_stays_away_from_the_beginning_of_any_step",
        "server.test_server_dies:test_it_dies_before_any_request_and_is_back_at_once",
        "server.test_faults:test_a_server_killed_after_commit_kept_the_change",
    ),
    "network cut before and after COMMIT": (
        "server.test_faults:test_a_network_cut_before_or_after_commit_is_decided_by_the_ledger",
        "server.test_faults:test_a_change_that_arrives_after_it_was_given_up_is_not_done",
        "server.test_late:test_of_a_killed_runner",
        "server.test_late:test_of_a_runner_that_asked_in_vain",
    ),
    "lock stolen at 5 s": (
        "server.test_faults:test_our_lock_is_stolen_after_five_seconds_when_others_wait_and_all_is_as_before",
    ),
    "stream expired": (
        "server.test_faults:test_a_stream_that_expired_in_the_middle_is_named_and_nothing_was_done",
    ),
    "429": ("server.test_faults:test_a_server_with_too_many_streams_is_waited_for_and_then_told_of",),
    "token expired in the middle": (
        "server.test_faults:test_a_token_that_expires_in_the_middle_is_named_and_nothing_was_done",
        "server.test_server_dies:test_a_token_that_expires_in_the_middle_stops_the_run_and_a_new_one_ends_it",
    ),
}
"""What a libSQL server adds; a dead replica is LiveOne's, in `tests.migration.test_on_server`."""

HISTORY = {
    "a subquery on half of a composite key": "test_a_subquery_on_half_of_a_composite_key",
    "an INSERT .. SELECT that drops rows and a DROP": "test_an_insert_select_that_drops_rows_before_a_drop",
    "a RAISE() outside a trigger": "test_a_raise_outside_a_trigger",
    "DROP TABLE systems with foreign keys on": "test_drop_table_systems_with_foreign_keys_on",
    "a table missing in production": "test_a_table_missing_in_production",
    "placeholder ids": "test_a_placeholder_id_in_the_script",
    "code deployed before its schema": "test_code_deployed_before_its_schema",
}


def require_test(name: str) -> None:
    """A test of that module and name exists and is one that pytest would collect."""
    module, _, function = name.partition(":")
    found = getattr(importlib.import_module(f"{HERE}.{module}"), function, None)
    assert callable(found), f"there is no test {name}"
    assert function.startswith("test_")
    marks = {mark.name for mark in getattr(found, "pytestmark", [])}
    assert not marks & {"skip", "xfail"}, f"{name} is not run"


@pytest.mark.parametrize("fault", [*FAULTS, *ON_A_SERVER])
def test_every_fault_has_tests_that_exist(fault: str) -> None:
    names = FAULTS.get(fault) or ON_A_SERVER[fault]
    assert names
    for name in names:
        require_test(name)


@pytest.mark.parametrize("failure", HISTORY)
def test_every_real_failure_is_replayed(failure: str) -> None:
    require_test(f"fire.test_history:{HISTORY[failure]}")


@pytest.mark.skipif(not DESIGN.exists(), reason="the design is not at hand")
def test_no_fault_of_the_design_is_left_out() -> None:
    text = " ".join(DESIGN.read_text().partition("## Faults it must survive")[2].split("\n", 1)[1].split())
    for fault in sorted((*FAULTS, *ONLINE), key=len, reverse=True):
        assert fault in text, f"the design does not say {fault!r}"
        text = text.replace(fault, "", 1)
    words = re.findall(r"[A-Za-z]+", text.replace("(budgets use the monotonic clock)", ""))
    assert " ".join(words) == "and or smoke test equal after forward and after rollback"
