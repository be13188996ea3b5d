"""The pages' scripts: their arithmetic by node's own test runner, their types by the TypeScript compiler."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COMPILER = ROOT / "node_modules/.bin/tsc"


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


def need(present: bool, what: str) -> None:
    if not present and os.environ.get("CI") == "true":
        pytest.fail(f"{what} is missing, and CI must not skip the checks of the pages")
    if not present:
        pytest.skip(f"{what} is not installed")


def test_the_geometry_and_arithmetic_are_right() -> None:
    need(shutil.which("node") is not None, "node")
    done = run("node", "--test", "tests/js/")
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr


def test_the_types_are_right() -> None:
    need(COMPILER.exists(), "typescript (.ci/node-packages)")
    done = run(str(COMPILER), "--noEmit", "-p", "tsconfig.json")
    assert done.returncode == 0, done.stdout
