"""The documents are tests: links lead somewhere, commands and settings exist, names are defined."""

import re
import tomllib
from dataclasses import fields
from pathlib import Path

import click
import pytest

from liveone.cli.init import SETTINGS
from liveone.cli.root import COMMANDS, root
from liveone.domain.reading import Reading
from liveone.settings import config

ROOT = Path(__file__).parent.parent
DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(r"```.*?```", re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)[^)]*\)")
COMMAND = re.compile(r"(?:^|`|\$ |&& )liveone ([a-z]+)((?: [a-z-]+)*)", re.MULTILINE)
TARGET = re.compile(r"(?:^|`)make ([a-z]+)", re.MULTILINE)


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_every_link_to_a_file_leads_somewhere(document: Path) -> None:
    for target in LINK.findall(FENCE.sub("", document.read_text())):
        if "://" not in target:
            assert (document.parent / target).exists(), f"{name_of(document)} links to {target}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_every_command_of_the_documents_exists(document: Path) -> None:
    for name, rest in COMMAND.findall(document.read_text()):
        assert name in COMMANDS, f"{name_of(document)}: liveone {name}"
        command = root.get_command(click.Context(root), name)
        if isinstance(command, click.Group) and rest.strip():
            assert rest.split()[0] in command.commands, f"{name_of(document)}: liveone {name}{rest}"


def test_every_make_target_of_the_readme_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(TARGET.findall((ROOT / "README.md").read_text())) <= targets


def test_the_settings_that_init_writes_are_the_defaults(tmp_path: Path) -> None:
    path = tmp_path / "liveone.toml"
    path.write_text(SETTINGS)
    assert config.load(path, {}) == config.load(None, {"LIVEONE_CONFIG": str(path)})
    written, defaults = config.load(path, {}), config.Config(folder=tmp_path, path=path)
    assert (written.database, written.server, written.collect) == (
        defaults.database,
        defaults.server,
        defaults.collect,
    )


def test_the_commented_account_of_the_settings_is_valid(tmp_path: Path) -> None:
    text = SETTINGS.replace("# [[vendor]]", "[[vendor]]")
    keys = ("name", "type", "email", "url", "sites", "timeout_s", "grid_sign")
    for key in keys:
        text = re.sub(rf"^# ({key} =)", r"\1", text, flags=re.MULTILINE)
    assert set(tomllib.loads(text)["vendor"][0]) == set(keys)
    path = tmp_path / "liveone.toml"
    path.write_text(text)
    assert config.load(path, {}).vendors[0].name == "home"


def test_every_quantity_of_a_reading_is_in_the_glossary() -> None:
    glossary = (ROOT / "docs" / "names.md").read_text()
    for field in fields(Reading):
        name = "<name>_kwh_total" if field.name.endswith("_kwh_total") else field.name
        assert f"`{name}`" in glossary, f"docs/names.md does not define {name}"
