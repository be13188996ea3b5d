"""Virtual environments of the applications, made once and kept in `.setup/world/`; their databases beside them.

Rule: what cannot be had is a skip that says so, and a failure in CI.
"""

import os
import subprocess
import sys
import venv
from hashlib import sha256
from pathlib import Path

import pytest
from tests.world.applications import Application

CACHE = Path(__file__).parent.parent.parent / ".setup" / "world"
TIMEOUT_S = 900


def python_of(application: Application) -> Path:
    """The interpreter in which the application is installed."""
    if not application.packages:
        return Path(sys.executable)
    mark = sha256(" ".join(application.packages).encode()).hexdigest()[:8]
    folder = CACHE / f"{application.name}-{mark}"
    python, ready = folder / "bin" / "python", folder / ".ready"
    if not ready.is_file():
        venv.create(folder, with_pip=True, clear=True)
        done = subprocess.run(
            [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *application.packages],
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
        if done.returncode:
            missing(
                f"{application.name}: {' '.join(application.packages)} cannot be installed: {done.stderr[-500:]}"
            )
        ready.touch()
    return python


def missing(reason: str) -> None:
    """Skip, but never in CI."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def ask(application: Application, verb: str, database: Path, *more: str) -> None:
    """Have the application make its database, check it, or migrate it in its own way."""
    done = subprocess.run(
        [python_of(application), application.script, verb, database, *more],
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert done.returncode == 0, f"{application.name} {verb}:\n{done.stdout[-2000:]}\n{done.stderr[-3000:]}"


def database_of(application: Application, rows: int) -> Path:
    """The database with so many rows, made once."""
    made = application.script.read_bytes() + " ".join(application.packages).encode()
    path = CACHE / f"{application.name}-{rows}-{sha256(made).hexdigest()[:8]}.sqlite"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
        ask(application, "make", partial, str(rows))
        for ending in ("-wal", "-shm"):
            partial.with_name(partial.name + ending).unlink(missing_ok=True)
        partial.replace(path)
    return path
