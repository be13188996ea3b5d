"""What is installed with LiveOne may be given on with it: nothing GPL or AGPL; all of it is pinned."""

import re
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
OURS = ("liveone", "changeover")
STRONG = re.compile(r"\b(?<!L)A?GPL", re.ASCII)
"""GPL and AGPL; the LGPL binds the library that is under it, and not who imports it."""
WORDS = re.compile(r"GNU (Affero )?General Public", re.IGNORECASE)


def needed(name: str, extras: frozenset[str] = frozenset()) -> Iterator[metadata.Distribution]:
    """A distribution and all that it needs to run here, each once."""
    seen: set[tuple[str, frozenset[str]]] = set()
    waiting = [(canonicalize_name(name), extras)]
    while waiting:
        key = waiting.pop()
        if key in seen:
            continue
        seen.add(key)
        try:
            found = metadata.distribution(key[0])
        except metadata.PackageNotFoundError:
            assert key[1], f"{key[0]} is needed and not installed"
            continue
        yield found
        for text in found.requires or ():
            asked = Requirement(text)
            chosen = [{"extra": extra} for extra in key[1]] or [{"extra": ""}]
            if asked.marker is None or any(asked.marker.evaluate(each) for each in chosen):
                waiting.append((canonicalize_name(asked.name), frozenset(asked.extras)))


def licence_of(found: metadata.Distribution) -> list[str]:
    """Each way in which a distribution may be used: an expression with OR is several."""
    about = found.metadata
    if about.get("License-Expression"):
        return re.split(r"\s+OR\s+", about["License-Expression"])
    listed = [line for line in about.get_all("Classifier") or () if line.startswith("License ::")]
    said = [line.rpartition("::")[2].strip() for line in listed]
    return said or [str(about.get("License") or "").partition("\n")[0]]


def is_strong(licence: str) -> bool:
    return bool(STRONG.search(licence) or (WORDS.search(licence) and "Lesser" not in licence))


RUNTIME = sorted(needed("liveone"), key=lambda one: str(one.metadata["Name"]))
EVERYTHING = sorted(metadata.distributions(), key=lambda one: str(one.metadata["Name"]))


@pytest.mark.parametrize("found", RUNTIME, ids=lambda one: str(one.metadata["Name"]))
def test_what_runs_says_its_licence_and_it_is_neither_gpl_nor_agpl(found: metadata.Distribution) -> None:
    ways = [way for way in licence_of(found) if way]
    assert ways, f"{found.metadata['Name']} says nothing of its licence: look, and write it down here"
    assert not all(is_strong(way) for way in ways), ways


def test_what_only_tests_and_builds_use_is_not_agpl_and_not_gpl_either() -> None:
    strong = {
        canonicalize_name(str(one.metadata["Name"])): licence_of(one)
        for one in EVERYTHING
        if all(is_strong(way) for way in licence_of(one))
    }
    assert strong == {}


def test_everything_that_runs_is_pinned() -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pinned = {
        canonicalize_name(line.partition("==")[0]): line.partition("==")[2] for line in lines if "==" in line
    }
    for found in RUNTIME:
        name = canonicalize_name(str(found.metadata["Name"]))
        if name not in OURS:
            assert pinned.get(name) == found.version, f"{name} {found.version}: pin it in constraints.txt"


@pytest.mark.parametrize(
    ("licence", "strong"),
    [
        ("GPL-3.0-or-later", True),
        ("AGPL-3.0-only", True),
        ("GNU General Public License v3 (GPLv3)", True),
        ("GNU Affero General Public License v3", True),
        ("LGPL-3.0-only", False),
        ("GNU Lesser General Public License v2 (LGPLv2)", False),
        ("MIT", False),
        ("Eclipse Public License v2.0", False),
    ],
)
def test_what_counts_as_strong(licence: str, strong: bool) -> None:
    assert is_strong(licence) is strong
