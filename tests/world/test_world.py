"""Other people's databases, migrated there and back beside writers, and opened by their applications again."""

import os
import time
from pathlib import Path

import pytest
from tests.changeover.database.killer import boundaries_of, kill_at
from tests.sample import drawn
from tests.world import figures
from tests.world.catalogue import MIGRATIONS
from tests.world.environments import ask
from tests.world.kinds import Application, Migration
from tests.world.own import unasked
from tests.world.place import Place, copied, place_of, writing

from changeover import api
from changeover.check.load import load_plan
from changeover.database.application import using
from changeover.database.rehearse.compare import compare
from changeover.engine.entries import Ending
from changeover.plan.params import bind
from changeover.run import commands
from changeover.run.runner import OperatorPrompt
from changeover.run.state_dir import state_of

WORLD = os.environ.get("LIVEONE_WORLD", "")
"""`make world` sets ``length``: every application, large databases. ``all``: every application, small ones."""
AT_LENGTH = WORLD == "length"
CHOSEN = [one for one in MIGRATIONS if WORLD or one.application.in_short]
KILLED = MIGRATIONS if WORLD else MIGRATIONS[-1:]
KILLS = 8 if AT_LENGTH else 3
"""At how many of its boundaries, which a seed draws, a run is killed; `LIVEONE_TESTS=length`: at every one."""


def rows_of(application: Application) -> int:
    return application.rows_at_length if AT_LENGTH else application.rows


@pytest.mark.parametrize("migration", CHOSEN, ids=str)
def test_there_and_back_beside_writers_and_the_application_opens_it_both_times(
    migration: Migration, tmp_path: Path
) -> None:
    application, rows = migration.application, rows_of(migration.application)
    place = place_of(migration, tmp_path / "place", rows)
    assert api.check(place.plan, str(place.database)).is_sound
    with writing(place, "forward") as before:
        record = api.rehearse(place.plan, str(place.database))
        assert record.passed, "\n".join(record.faults)
        began_s = time.monotonic()
        outcome = api.run(place.plan, str(place.database))
        took_s = time.monotonic() - began_s
        assert outcome.ending is Ending.DONE, outcome
        time.sleep(0.3)
    before.require_there()
    if migration.known:
        ask(application, "check", place.database)
    with writing(place, "back") as after:
        assert api.rollback(place.plan, str(place.database)).ending is Ending.ROLLED_BACK
        time.sleep(0.3)
    before.require_there()
    after.require_there()
    assert before.refused() == after.refused() == []
    figures.note_felt(place, before, "changeover", rows, took_s)
    ask(application, "check", place.database)
    place.require_whole()
    lost = unasked(place_of(migration, tmp_path / "as-it-was", application.rows).database, place.database)
    assert lost == []
    figures.note(migration, "changeover", **{"changed unasked": "nothing"})


@pytest.mark.sampled
@pytest.mark.parametrize("migration", KILLED, ids=str)
def test_whatever_is_killed_one_command_ends_it_and_nothing_is_lost(
    migration: Migration, tmp_path: Path
) -> None:
    """At every other point an application writes before the command: its rows are there afterwards."""
    template = place_of(migration, tmp_path / "template", migration.application.rows)
    with using(load_plan(template.plan).functions):
        assert api.rehearse(template.plan, str(template.database)).passed
        count = len(boundaries_of(lambda hook: started(copied(template, tmp_path / "first"), hook)))
        points = drawn(range(count), KILLS)
        for place, number in enumerate(points):
            here = copied(template, tmp_path / "killed")
            kill_at(lambda hook, here=here: started(here, hook), number)
            if place % 2:
                here.write("beside")
            ended(here)
            if place % 2:
                assert all(not here.lacks(one, {"beside"}) for one in range(len(migration.writers)))
                here.require_whole()
                continue
            difference = compare(tmp_path / "first" / "app.db", here.database)
            original = compare(template.database, here.database)
            assert difference.equal or original.equal, f"killed at {number}: {difference}"
    figures.note(migration, "changeover", killed=f"{len(points)} of {count} points: as before or done")


def ended(place: Place) -> None:
    """The one command that ends what was killed."""
    if state_of(place.database).newest() is None:
        assert started(place, lambda moment: None) is Ending.DONE
    elif api.standing(place.plan, str(place.database)).ended is None:
        assert api.resume(place.plan, str(place.database)).ending in (Ending.DONE, Ending.ROLLED_BACK)


def started(place: Place, hook: object) -> Ending:
    """A run that tells ``hook`` of its boundaries."""
    plan = load_plan(place.plan)
    values = bind(plan, [], {})
    settings = commands.Settings(who="tests", prompt=OperatorPrompt(), hook=hook)  # type: ignore[arg-type]
    return commands.run(plan, values, place.database, settings).ending
