"""What a release is made of: versions that agree, and a dated section of the changelog for its notes."""

import importlib.util
import re
import tomllib
from pathlib import Path

import pytest

import changeover
import liveone

ROOT = Path(__file__).parents[1]
CHANGELOG = (ROOT / "CHANGELOG.md").read_text()
specification = importlib.util.spec_from_file_location("release", ROOT / ".ci" / "release.py")
assert specification is not None
assert specification.loader is not None
release = importlib.util.module_from_spec(specification)
specification.loader.exec_module(release)


def test_one_version_everywhere() -> None:
    for folder, package in ((ROOT, liveone), (ROOT / "packages" / "changeover", changeover)):
        project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
        assert project["version"] == package.__version__
    needed = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    assert f"changeover[terminal]=={changeover.__version__}" in needed


def test_the_changelog_keeps_the_known_form() -> None:
    titles = re.findall(r"^## (.*)$", CHANGELOG, re.MULTILINE)
    assert titles[0] == "[Unreleased]"
    assert len(titles) > 1
    assert all(re.fullmatch(r"\[\d+\.\d+\.\d+\] - \d{4}-\d{2}-\d{2}", title) for title in titles[1:])
    kinds = set(re.findall(r"^### (.*)$", CHANGELOG, re.MULTILINE))
    assert kinds <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def test_the_notes_are_the_section_of_the_version() -> None:
    text = "# Changelog\n\n## [Unreleased]\n\nnew\n\n## [1.0.0] - 2026-01-01\n\nold\n"
    assert release.notes(text, "1.0.0") == "## [1.0.0] - 2026-01-01\n\nold\n"
    assert release.notes(text, "1.1.0") == "## [Unreleased]\n\nnew\n"
    with pytest.raises(SystemExit, match="add a section"):
        release.notes("# Changelog\n", "1.1.0")
