"""The engine against every history that a journal can tell."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.changeover.engine.world import TEXT, World, performed, plan, play, run

from changeover.engine.decide import TRIES, End, Perform, StartRollback
from changeover.engine.entries import Command, Ending, Entry, EntryKind
from changeover.engine.tasks import BACKUP, task_plan
from changeover.plan.model import Order
from changeover.plan.read import read_text

FATES = st.sampled_from(["done"] * 6 + ["failed", "unknown", "killed", "killed late"])
PLAN = plan()


def test_a_run_that_goes_well_does_everything_once_and_in_order() -> None:
    world = World(PLAN)
    assert run(world) is Ending.DONE
    assert performed(world) == [
        "told", "orphans-check", BACKUP, "deploy", "one", "two", "smoke", "still",
    ]  # fmt: skip


def test_an_additive_change_migrates_before_it_deploys() -> None:
    world = World(PLAN, additive=True)
    run(world)
    assert performed(world)[3:6] == ["one", "two", "deploy"]


@pytest.mark.parametrize(
    ("order", "additive", "first"),
    [
        (Order.AS_WRITTEN, True, "deploy"),
        (Order.MIGRATE_FIRST, False, "one"),
        (Order.DEPLOY_FIRST, True, "deploy"),
    ],
)
def test_an_order_that_is_written_is_kept(order: Order, additive: bool, first: str) -> None:
    assert task_plan(replace(PLAN, order=order), additive=additive).execute[0].id == first


def test_a_check_between_the_halves_moves_with_the_half_that_it_checks() -> None:
    text = TEXT.format(header="").replace("### Deploy", "### Other").replace("phase=deploy ", "")
    text = text.replace(
        "### Smoke", "### Deploy\n\n```bash {#go phase=deploy undo=none}\ngit push\n```\n\n### Smoke"
    )
    text = text.replace(
        "### Deploy\n", "### Look\n\n```sql {#look expect=some}\nSELECT a FROM t;\n```\n\n### Deploy\n"
    )
    found, _ = read_text(text, Path("PLAN.md"))
    assert found is not None
    ids = [task.id for task in task_plan(found, additive=False).execute]
    assert ids == ["deploy", "go", "one", "two", "look", "smoke"]


def test_the_way_back_is_the_way_there_in_reverse() -> None:
    world = World(PLAN)
    assert run(world, lambda name: "failed" if name == "smoke" else "done") is Ending.ROLLED_BACK
    assert performed(world)[7:] == ["undo-two", "undo:one", "undo:deploy", "changeover:restored", "answers"]


def test_all_of_preflight_is_done_even_when_its_first_check_fails_and_nothing_after_it() -> None:
    world = World(PLAN)
    assert run(world, lambda name: "failed" if name == "told" else "done") is Ending.REFUSED
    assert performed(world) == ["told", "orphans-check"]


def test_a_change_that_failed_without_effect_is_not_taken_back() -> None:
    world = World(PLAN)
    assert run(world, lambda name: "failed" if name == "two" else "done") is Ending.ROLLED_BACK
    assert "undo-two" not in performed(world)


def test_a_rollback_that_keeps_failing_calls_the_operator_and_is_tried_again_when_asked() -> None:
    world = World(PLAN)
    bad = {"smoke", "undo-two"}
    assert run(world, lambda name: "failed" if name in bad else "done") is Ending.OPERATOR_NEEDED
    assert performed(world).count("undo-two") == TRIES
    world.open(Command.ROLLBACK)
    end = play(world, iter(()))
    assert end == End(Ending.ROLLED_BACK)
    assert not world.in_force()


def test_a_command_that_was_cut_off_turns_the_run_but_a_gate_is_waited_for_again() -> None:
    cut = World(PLAN)
    cut.open(Command.RUN)
    play(cut, iter(["done"] * 3 + ["killed"]))
    cut.open(Command.RESUME)
    assert isinstance(cut.decide(), StartRollback)
    late = World(PLAN)
    late.open(Command.RUN)
    play(late, iter(["done"] * 3 + ["killed late"]))
    late.open(Command.RESUME)
    decision = late.decide()
    assert isinstance(decision, Perform)
    assert decision.gate_only
    assert decision.task.id == "deploy"


def test_a_stop_leaves_a_run_that_resume_finishes() -> None:
    world = World(PLAN)
    world.open(Command.RUN)
    for _ in range(5):
        world.step("done")
    world.add(EntryKind.ASKED, what="stop")
    assert world.step("done") == End(Ending.STOPPED, "a person stopped it")
    world.open(Command.RESUME)
    end = play(world, iter(()))
    assert end is not None
    assert end.ending is Ending.DONE


def test_an_alarm_turns_a_run_that_has_begun_to_change_things() -> None:
    world = World(PLAN)
    world.open(Command.RUN)
    for _ in range(5):
        world.step("done")
    world.add(EntryKind.ALARM, reason="too many failed requests")
    assert world.decide() == StartRollback("too many failed requests")


def test_a_finish_that_began_forbids_the_rollback() -> None:
    world = World(PLAN)
    run(world)
    world.open(Command.FINISH)
    play(world, iter(["killed late"]))
    world.open(Command.ROLLBACK)
    decision = world.decide()
    assert isinstance(decision, End)
    assert decision.ending is Ending.UNFINISHED


def test_only_a_run_that_is_done_can_be_finished() -> None:
    world = World(PLAN)
    world.open(Command.RUN)
    play(world, iter(["done"] * 4 + ["killed"]))
    world.open(Command.FINISH)
    end = play(world, iter(()))
    assert end is not None
    assert end.ending is Ending.UNFINISHED


@given(
    st.lists(
        st.tuples(st.sampled_from([Command.RESUME, Command.ROLLBACK]), st.lists(FATES, max_size=25)),
        max_size=4,
    ),
    st.lists(FATES, max_size=25),
    st.booleans(),
)
@settings(max_examples=300, deadline=None)
def test_no_history_does_a_change_twice_and_each_ends_whole(
    sessions: list[tuple[Command, list[str]]], first: list[str], additive: bool
) -> None:
    world = World(PLAN, additive=additive)
    world.open(Command.RUN)
    play(world, iter(first))
    for command, fates in sessions:
        world.open(command)
        play(world, iter(fates))
    world.open(Command.RESUME)
    end = play(world, iter(()))
    assert end is not None
    _require_whole(world, end.ending)


@given(st.lists(FATES, max_size=30), st.data())
@settings(max_examples=200, deadline=None)
def test_any_prefix_of_a_journal_leads_to_an_end(fates: list[str], data: st.DataObject) -> None:
    world = World(PLAN)
    world.open(Command.RUN)
    play(world, iter(fates))
    cut = data.draw(st.integers(0, len(world.entries)))
    kept = world.entries[:cut]
    again = World(PLAN, entries=kept, applied=_really_applied(kept, world))
    again.open(data.draw(st.sampled_from([Command.RESUME, Command.ROLLBACK])))
    end = play(again, iter(()))
    assert end is not None
    _require_whole(again, end.ending)


def _really_applied(kept: list[Entry], world: World) -> list[str]:
    """Changes that had been made when the journal ended there: none is made before its STARTED."""
    started = {entry.id for entry in kept if entry.kind is EntryKind.STARTED}
    return [name for name in world.applied if name in started]


def _require_whole(world: World, ending: Ending) -> None:
    assert ending in (Ending.DONE, Ending.ROLLED_BACK, Ending.REFUSED), ending
    assert world.in_force() == ({"one", "two"} if ending is Ending.DONE else set())


def test_a_finish_that_was_killed_is_gone_on_with_by_resume_and_never_taken_back() -> None:
    world = World(PLAN)
    run(world)
    world.open(Command.FINISH)
    play(world, iter(["killed late"]))
    world.open(Command.RESUME)
    end = play(world, iter(()))
    assert end == End(Ending.FINISHED)
    assert world.applied.count("forget") == 1
