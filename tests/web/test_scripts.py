"""The pages' scripts: their arithmetic by node's own test runner, their types by the TypeScript compiler."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from liveone.web.openapi.examples import DATA

ROOT = Path(__file__).parents[2]
COMPILER = ROOT / "node_modules/.bin/tsc"
TYPES = ROOT / "src/liveone/web/static/js/types"


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


def test_the_pages_know_the_answer_that_openapi_describes(tmp_path: Path) -> None:
    need(COMPILER.exists(), "typescript (.ci/node-packages)")
    typed = f'import type {{ Data }} from "{TYPES}";\nexport const data: Data = {json.dumps(DATA)};\n'
    (tmp_path / "example.ts").write_text(typed)
    settings = {"extends": str(ROOT / "tsconfig.json"), "include": [], "files": ["example.ts"]}
    (tmp_path / "tsconfig.json").write_text(json.dumps(settings))
    done = run(str(COMPILER), "--noEmit", "-p", str(tmp_path))
    assert done.returncode == 0, done.stdout
