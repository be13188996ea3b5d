"""What `deploy/` ships is sound, and its recipe speaks of what is there."""

import re
import subprocess
from pathlib import Path

import pytest

TREE = Path(__file__).parents[2]
DEPLOY = TREE / "deploy"
RECIPE = (TREE / "docs/how-to/deploy.md").read_text()


@pytest.mark.parametrize("name", ["post-receive", "restart-without-systemd"])
def test_the_scripts_are_executable_and_parse(name: str) -> None:
    path = DEPLOY / name
    assert path.stat().st_mode & 0o111
    assert subprocess.run(["bash", "-n", path], check=False).returncode == 0
    assert "set -euo pipefail" in path.read_text()


def test_the_recipe_explains_every_setting_of_the_hook_with_its_default() -> None:
    settings = re.findall(r"^([A-Z_]+)=(.*)$", (DEPLOY / "post-receive").read_text(), re.MULTILINE)
    assert {name for name, _ in settings} == {"BRANCH", "URL", "BUILD", "RESTART", "HEALTHY_S", "KEEP"}
    for name, default in settings:
        row = re.search(rf"^\| `{name}` \| `([^`]*)` \|", RECIPE, re.MULTILINE)
        assert row is not None, f"{name} is not in docs/how-to/deploy.md"
        shown = default.strip("'")
        assert shown == row[1] or ("..." in row[1] and shown.startswith(row[1].split("...")[0]))


def test_every_file_of_the_folder_is_in_the_recipe() -> None:
    for path in DEPLOY.iterdir():
        assert path.name in RECIPE, f"deploy/{path.name} is not in docs/how-to/deploy.md"
