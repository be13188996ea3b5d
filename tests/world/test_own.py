"""What the application's own migration of the same kind does: figures of `make world`, nothing is asserted of it
but that it works on its own application's database."""

import os
import re
import time
from collections import Counter
from pathlib import Path

import pytest
from tests.world import figures
from tests.world.catalogue import MIGRATIONS
from tests.world.environments import ask
from tests.world.kinds import Migration
from tests.world.own import migrated, standing, unasked, was_killed
from tests.world.place import copied, place_of, writing

WORLD = os.environ.get("LIVEONE_WORLD", "")
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


@pytest.mark.parametrize("migration", OWN, ids=str)
def test_the_applications_own_way_killed_at_each_statement(migration: Migration, tmp_path: Path) -> None:
    """Killed, then told to migrate again: how it stands, and whether it can go on."""
    template = place_of(migration, tmp_path / "template", migration.application.rows)
    finished = copied(template, tmp_path / "finished")
    assert migrated(finished).returncode == 0
    stood: Counter[str] = Counter()
    stuck: Counter[str] = Counter()
    for number in range(200):
        here = copied(template, tmp_path / "killed")
        if not was_killed(migrated(here, killed_at=number)):
            break
        stood[re.sub(r"\d{6,}", "N", standing(template.database, finished.database, here.database))] += 1
        again = migrated(here)
        if again.returncode:
            errors = re.findall(r"^\S*Error: .*", again.stderr, re.MULTILINE) or [again.stderr.strip()]
            stuck[errors[-1][:90]] += 1
    else:
        pytest.fail("it never ended by itself")
    words = [f"{count} {how}" for how, count in stood.items()]
    words += [f"{count} then refused: {why}" for why, count in stuck.items()]
    figures.note(
        migration, migration.application.name, killed=f"{sum(stood.values())} points: " + "; ".join(words)
    )
