"""Virtual environments of the applications, made once and kept in `.setup/world/`; their databases beside them.

Rule: what cannot be had is a skip that says so, and a failure in CI.
"""

import os
import shutil
import subprocess
import sys
import venv
from hashlib import sha256
from pathlib import Path

import pytest
from tests.world.kinds import Application

CACHE = Path(__file__).parent.parent.parent / ".setup" / "world"
TIMEOUT_S = 900
CANNOT_BE_HAD: dict[str, str] = {}
"""Why an application could not be installed: it is tried once in a session, and not for each of its tests."""


def python_of(application: Application) -> Path:
    """The interpreter in which the application is installed."""
    if not application.packages:
        return Path(sys.executable)
    if application.name in CANNOT_BE_HAD:
        missing(CANNOT_BE_HAD[application.name])
    mark = sha256(" ".join(application.packages).encode()).hexdigest()[:8]
    folder = CACHE / f"{application.name}-{mark}"
    python, ready = folder / "bin" / "python", folder / ".ready"
    if not ready.is_file():
        venv.create(folder, with_pip=True, clear=True)
        words = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        problem = _problem_of([*words, *application.packages])
        if problem:
            CANNOT_BE_HAD[application.name] = (
                f"{application.name}: {' '.join(application.packages)} cannot be installed: {problem}"
            )
            missing(CANNOT_BE_HAD[application.name])
        ready.touch()
    return python


def _problem_of(words: list[str | Path], folder: Path | None = None) -> str:
    """Why a command fails, or that it takes too long; empty where it works."""
    try:
        done = subprocess.run(
            words, cwd=folder, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired:
        return f"it takes longer than {TIMEOUT_S} s"
    return (done.stderr[-500:] or f"it ends with {done.returncode}") if done.returncode else ""


def missing(reason: str) -> None:
    """Skip, but never in CI."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def debian_of(application: Application) -> Path:
    """The folder into which the application's Debian packages are unpacked; nothing is installed."""
    folder = CACHE / f"{application.name}-debian"
    if not (folder / ".ready").is_file():
        if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
            missing(f"{application.name}: there is no apt-get here")
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        _required(application, ["apt-get", "download", *application.debian], folder)
        for package in folder.glob("*.deb"):
            _required(application, ["dpkg-deb", "-x", package.name, "."], folder)
            package.unlink()
        (folder / ".ready").touch()
    return folder


def _required(application: Application, words: list[str | Path], folder: Path) -> None:
    problem = _problem_of(words, folder)
    if problem:
        missing(f"{application.name}: {' '.join(map(str, words))}: {problem}")


def command(application: Application, verb: str, database: Path, *more: str) -> list[str | Path]:
    """The application's script with a verb: `make` its database, `check` it, migrate it in its `own` way."""
    words: list[str | Path] = [python_of(application), application.script, verb, database, *more]
    return [*words, debian_of(application)] if application.debian else words


def ask(application: Application, verb: str, database: Path, *more: str) -> None:
    """Have the application make its database or check it."""
    done = subprocess.run(
        command(application, verb, database, *more),
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
