"""Limits in time: of a block, a step, a section, the downtime - measured by the clock of the journal."""

from dataclasses import replace

from tests.changeover.engine.world import World, plan, play

from changeover.engine.decide import End, Perform, StartRollback
from changeover.engine.entries import Command, Ending, Entry, EntryKind, worked_s
from changeover.plan.model import Plan


def _at(world: World, name: str) -> Perform:
    """Step on until a task is about to be performed."""
    for _ in range(30):
        decision = world.decide()
        if isinstance(decision, Perform) and decision.task.id == name:
            return decision
        world.step("done")
    raise AssertionError(name)


def _world(found: Plan | None = None) -> World:
    world = World(found or plan())
    world.open(Command.RUN)
    return world


def test_a_task_is_told_the_tightest_of_its_limits() -> None:
    world = _world(replace(plan(), downtime_s=100.0))
    limit = _at(world, "deploy").limit
    assert limit is not None
    assert (limit.seconds, limit.name) == (100.0, "downtime may be 1m40s")


def test_what_was_used_up_is_taken_off() -> None:
    world = _world(replace(plan(), downtime_s=100.0))
    _at(world, "deploy")
    world.step("done")
    world.clock_s += 60
    world.add(EntryKind.NOTED, "deploy", what="waiting")
    limit = _at(world, "one").limit
    assert limit is not None
    assert 39 < limit.seconds < 40


def test_a_step_past_its_budget_turns_the_run_though_it_succeeded() -> None:
    world = _world()
    _at(world, "one")
    world.add(EntryKind.STARTED, "one")
    world.clock_s += 601
    world.add(EntryKind.DONE, "one")
    decision = world.decide()
    assert isinstance(decision, StartRollback)
    assert decision.reason.startswith("step 'Migrate' took 601.10 s and may take 10m")


def test_the_whole_past_its_downtime_turns_the_run() -> None:
    world = _world(replace(plan(), downtime_s=5.0))
    _at(world, "smoke")
    world.add(EntryKind.STARTED, "smoke")
    world.clock_s += 6
    world.add(EntryKind.DONE, "smoke")
    decision = world.decide()
    assert isinstance(decision, StartRollback)
    assert "the whole execution took" in decision.reason


def test_the_time_before_and_after_execution_is_not_downtime() -> None:
    world = _world(replace(plan(), downtime_s=5.0))
    world.step("done")
    world.clock_s += 1000
    assert isinstance(_at(world, "still"), Perform)


def test_hours_between_a_crash_and_resume_are_nobodys_work() -> None:
    entries = [
        Entry(EntryKind.BEGUN, 0, 1000.0),
        Entry(EntryKind.OPENED, 0, 1001.0),
        Entry(EntryKind.STARTED, 0, 1003.0, "one"),
        Entry(EntryKind.OPENED, 0, 5.0),
        Entry(EntryKind.DONE, 0, 6.5, "one"),
    ]
    assert worked_s(entries) == [0.0, 0.0, 2.0, 2.0, 3.5]


def test_a_way_back_that_takes_longer_than_was_promised_comes_to_its_end_and_says_so() -> None:
    for taken_s, reason in ((1.0, ""), (90.0, "going back took 90.90 s and was to take 1m")):
        world = _world(replace(plan(), rollback_within_s=60.0))
        _at(world, "smoke")
        world.step("failed")
        _at(world, "undo-two")
        world.add(EntryKind.STARTED, "undo-two")
        world.clock_s += taken_s
        world.add(EntryKind.DONE, "undo-two")
        end = play(world, iter(()))
        assert end == End(Ending.ROLLED_BACK, reason)
