"""An application's own migration: run beside the same writers, killed at each of its statements, held against the rules.

python -m pytest tests/world/test_own.py      (with LIVEONE_WORLD=all or length)
"""

import os
import signal
import subprocess
from contextlib import closing
from pathlib import Path

from tests.world.environments import command
from tests.world.place import Place

from changeover.database.change.script import read as read_script
from changeover.database.connect import connect
from changeover.database.rehearse.compare import compare
from changeover.database.schema import catalogue as schema
from changeover.database.schema.weaker import weaker

TIMEOUT_S = 900


def unasked(before: Path, after: Path) -> list[str]:
    """Rules, indexes, triggers and views that are weaker or gone, though nobody asked for it; by name."""
    with closing(connect(before)) as one, closing(connect(after)) as two:
        return [finding.name for finding in weaker(schema.read(one), schema.read(two), read_script(()))]


def statements_of(place: Place) -> int:
    """Have the application do its own migration; how many statements it made of it."""
    counted = place.folder / "statements"
    done = migrated(place, WORLD_STATEMENTS=str(counted))
    assert done.returncode == 0, done.stderr[-3000:]
    return counted.stat().st_size


def migrated(place: Place, **environment: str) -> subprocess.CompletedProcess[str]:
    """Have the application do its own migration; ``WORLD_KILLED_AT``: with SIGKILL at its statement of that number."""
    return subprocess.run(
        command(place.migration.application, "own", place.database, place.migration.own),
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )


def require_killed(done: subprocess.CompletedProcess[str]) -> None:
    """Its moment came, and it ended of nothing else."""
    assert done.returncode == -signal.SIGKILL, done.stdout[-2000:] + done.stderr[-3000:]


def standing(template: Path, finished: Path, now: Path) -> str:
    """``as before``, ``done``, or ``half`` with what is there that belongs to neither."""
    if compare(template, now).equal:
        return "as before"
    if compare(finished, now).equal:
        return "done"
    with closing(connect(now)) as connection, closing(connect(finished)) as other:
        there, wanted = schema.read(connection).tables, schema.read(other).tables
    left = [name for name in there if name not in wanted]
    return "half" + (f" ({', '.join(left)} left)" if left else "")
