"""What the application's own migration of the same kind does: figures of `make world`, nothing is asserted of it
but that it works on its own application's database."""

import os
import re
import time
from collections import Counter
from pathlib import Path

import pytest
from tests.sample import drawn
from tests.world import figures
from tests.world.catalogue import MIGRATIONS
from tests.world.environments import ask
from tests.world.kinds import Migration
from tests.world.own import migrated, require_killed, standing, statements_of, unasked
from tests.world.place import copied, place_of, writing

WORLD = os.environ.get("LIVEONE_WORLD", "")
KILLS = 12
"""At how many statements, which a seed draws, it is killed; `LIVEONE_TESTS=length`: at every one."""
OWN = [one for one in MIGRATIONS if one.own]

pytestmark = pytest.mark.skipif(not WORLD, reason="figures of `make world`")


@pytest.mark.parametrize("migration", OWN, ids=str)
def test_the_applications_own_way_beside_the_same_writers(migration: Migration, tmp_path: Path) -> None:
    application = migration.application
    rows = application.rows_at_length if WORLD == "length" else application.rows
    place = place_of(migration, tmp_path / "own", rows)
    with writing(place, "own") as beside:
        began_s = time.monotonic()
        done = migrated(place)
        took_s = time.monotonic() - began_s
        time.sleep(0.3)
    figures.note_felt(place, beside, application.name, rows, took_s)
    assert done.returncode == 0, done.stderr[-3000:]
    before = place_of(migration, tmp_path / "before", application.rows)
    lost = unasked(before.database, place.database)
    figures.note(migration, application.name, **{"changed unasked": ", ".join(lost) or "nothing"})
    ask(application, "check", place.database)


@pytest.mark.sampled
@pytest.mark.parametrize("migration", OWN, ids=str)
def test_the_applications_own_way_killed_at_its_statements(migration: Migration, tmp_path: Path) -> None:
    """Killed at statements that a seed draws, then told to migrate again: how it stands, and whether it can go on."""
    template = place_of(migration, tmp_path / "template", migration.application.rows)
    finished = copied(template, tmp_path / "finished")
    count = statements_of(finished)
    stood: Counter[str] = Counter()
    stuck: Counter[str] = Counter()
    for number in drawn(range(count), KILLS):
        here = copied(template, tmp_path / "killed")
        require_killed(migrated(here, WORLD_KILLED_AT=str(number)))
        stood[re.sub(r"\d{6,}", "N", standing(template.database, finished.database, here.database))] += 1
        again = migrated(here)
        if again.returncode:
            errors = re.findall(r"^\S*Error: .*", again.stderr, re.MULTILINE) or [again.stderr.strip()]
            stuck[errors[-1][:90]] += 1
    words = [f"{count} {how}" for how, count in stood.items()]
    words += [f"{count} then refused: {why}" for why, count in stuck.items()]
    points = f"{sum(stood.values())} of {count} points"
    figures.note(migration, migration.application.name, killed=f"{points}: " + "; ".join(words))
