"""docs/names.md and the classes agree: a name means one thing, and words that have gone stay away."""

import ast
import io
import re
import tokenize
from collections import defaultdict
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
NAMES = (ROOT / "docs/names.md").read_text(encoding="utf-8")
ARCHITECTURE = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
SOURCES = (ROOT / "src", ROOT / "packages/changeover/src")
LOWER = re.compile(r"`([a-z]\w+)`")
CLASS = re.compile(r"`([A-Z][a-z]\w*[a-z]\w*)`")
AT_EACH_LAYER = {
    "Busy": "somebody else holds the lock",
    "ConstraintFailed": "the rows offered break a rule of the schema",
    "Damaged": "the file is damaged",
    "Full": "no space left",
    "Locked": "another holds what is asked for; nothing was done",
    "OutcomeUnknown": "sent, and no answer came: done, or not",
    "ReadOnly": "the database, or the token, does not allow writing",
    "Refused": "not done, and nothing was begun",
    "Unavailable": "cannot be reached just now",
}
"""Errors that say the same thing at each layer. The client of servers, changeover and LiveOne's store know
nothing of each other's errors; each turns those of the one below into its own, with a hint for its users."""
GONE = "## Words that have gone"
NAMES_GONE = "## Names that have gone"


@cache
def at_the_top() -> tuple[dict[str, list[str]], set[str]]:
    """At the top of the modules: public classes, each with where it is; names given to something.

    A name is also given to a type there: ``CallerDep = Annotated[...]``.
    """
    found: dict[str, list[str]] = defaultdict(list)
    given: set[str] = set()
    for path in sorted(path for folder in SOURCES for path in folder.rglob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                found[node.name].append(str(path.relative_to(ROOT)))
            targets = node.targets if isinstance(node, ast.Assign) else []
            given |= {target.id for target in targets if isinstance(target, ast.Name)}
    return dict(found), given


def classes() -> dict[str, list[str]]:
    return at_the_top()[0]


def given_names() -> set[str]:
    return at_the_top()[1]


def gone() -> list[tuple[set[str], set[str]]]:
    """The rows of the table: the words that have gone, the names that stand for them."""
    table = NAMES.partition(GONE)[2].partition(NAMES_GONE)[0]
    rows = re.findall(r"^\| (`.*?) \| (.*) \|$", table, re.MULTILINE)
    return [(set(CLASS.findall(left)), set(CLASS.findall(right))) for left, right in rows]


def identifiers(text: str) -> set[str]:
    """The names in a module, without what marks them as private; those inside strings are no names."""
    found = tokenize.generate_tokens(io.StringIO(text).readline)
    return {token.string.strip("_") for token in found if token.type == tokenize.NAME}


def test_no_class_name_means_two_things() -> None:
    twice = {name: places for name, places in classes().items() if len(places) > 1}
    assert {name: places for name, places in twice.items() if name not in AT_EACH_LAYER} == {}
    assert set(AT_EACH_LAYER) <= set(twice), "AT_EACH_LAYER lists a name that is there once"


def test_every_class_of_the_glossary_exists() -> None:
    kept = NAMES.partition(GONE)[0]
    named = set(CLASS.findall(kept)).union(*(right for _, right in gone()))
    assert len(named) > 40
    assert named - set(classes()) - given_names() == set()


def test_words_that_have_gone_do_not_come_back() -> None:
    left = set().union(*(words for words, _ in gone()))
    assert len(left) > 25
    assert left & set(classes()) == set()


@pytest.mark.parametrize(
    ("where", "folder"), [("in the monitor", SOURCES[0]), ("in changeover", SOURCES[1])], ids=str
)
def test_names_that_have_gone_do_not_come_back(where: str, folder: Path) -> None:
    table = NAMES.partition(NAMES_GONE)[2].partition(f"| {where} not |")[2].partition("\n\n")[0]
    left = {name for row in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE) for name in LOWER.findall(row)}
    assert len(left) > 12
    assert identifiers("def _told(scene): return 'eyes'  # keeper") == {"def", "told", "scene", "return"}
    for path in folder.rglob("*.py"):
        back = left & (identifiers(path.read_text(encoding="utf-8")) | {path.stem})
        assert not back, (
            f"{path.relative_to(ROOT)}: docs/names.md says how {', '.join(sorted(back))} is called"
        )


def test_every_class_and_file_of_the_architecture_exists() -> None:
    assert set(CLASS.findall(ARCHITECTURE)) - set(classes()) - given_names() - {"NULL"} == set()
    roots = [ROOT, *SOURCES, ROOT / "src/liveone", ROOT / "packages/changeover/src/changeover"]
    files = re.findall(r"`([\w/]+/[\w./]+\.(?:py|js|md))`", ARCHITECTURE)
    assert len(files) > 25
    assert [name for name in files if not any((root / name).exists() for root in roots)] == []
