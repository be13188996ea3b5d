"""What commands of a plan do by scripts beside it, and to files that git tracks, ignores or does not know."""

import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from changeover import api

PLAN = """---
database: app.db
downtime: 1m
rollback-within: 1m
---
# A change

## Execute

```bash {{#deploy undo=none phase=deploy}}
{line}
```

```sql {{#mark undo=derived scope="t" phase=migrate}}
ALTER TABLE t ADD COLUMN b;
```
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A database of one table in a working tree of git that knows nothing of it."""
    with closing(sqlite3.connect(tmp_path / "app.db")) as connection:
        connection.execute("CREATE TABLE t (a INTEGER PRIMARY KEY)")
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    return tmp_path


def faults(folder: Path, line: str) -> list[str]:
    """What `check` says of a command as the plan's deploy."""
    plan = folder / "PLAN.md"
    plan.write_text(PLAN.format(line=line))
    return [str(one) for one in api.check(plan, folder / "app.db").errors]


@pytest.mark.parametrize(
    ("line", "tracked", "untracked", "ignored"),
    [
        ("git checkout .", True, False, False),
        ("git checkout -f main", True, False, False),
        ("git reset --hard origin/main", True, False, False),
        ("git stash", True, False, False),
        ("git restore -s HEAD~1 src/", True, False, False),
        ("git clean -fd", False, True, False),
        ("git clean -fdx", False, True, True),
        ("git checkout HEAD~1 -- app.db", True, False, False),
        ("git switch main", False, False, False),
    ],
)
def test_git_puts_back_what_it_tracks_and_cleans_the_others_away(
    folder: Path, line: str, tracked: bool, untracked: bool, ignored: bool
) -> None:
    told = [bool(faults(folder, line))]
    (folder / ".gitignore").write_text("*.db\n")
    told.append(bool(faults(folder, line)))
    subprocess.run(["git", "add", "--force", "app.db"], cwd=folder, check=True)
    told.insert(0, bool(faults(folder, line)))
    assert told == [tracked, untracked, ignored]


@pytest.mark.parametrize(
    "line", ["bash ops/deploy.sh", "./ops/deploy.sh now", "sudo sh -e ops/deploy.sh", ". ops/deploy.sh"]
)
def test_a_script_that_a_command_runs_is_read_with_those_that_it_runs(folder: Path, line: str) -> None:
    (folder / "ops").mkdir()
    (folder / "ops/deploy.sh").write_text("#!/usr/bin/env bash\nset -e\n./ops/old.sh\n./ops/deploy.sh\n")
    (folder / "ops/old.sh").write_text("#!/bin/sh\n# puts it back\ncp backup.db app.db\n")
    (told,) = faults(folder, line)
    assert "PLAN.md:11: error: deploy, by old.sh:3, writes the database's file app.db by itself" in told
    (folder / "ops/old.sh").write_text("# allow database-file: the mirror\ncp backup.db app.db\n")
    assert faults(folder, line) == []


def test_a_program_that_is_no_shell_script_is_not_read(folder: Path) -> None:
    (folder / "deploy.py").write_text("#!/usr/bin/env python3\nrm app.db\n")
    assert faults(folder, "./deploy.py; ./is-not-there.sh; bash -s") == []
