"""docs/how-to/extend.md is true: its blocks are applied to a copy of the tree, its proofs are run there."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs/how-to/extend.md").read_text(encoding="utf-8")
COPIED = ("src", "packages", "tests", "docs", "pyproject.toml", "tsconfig.json", "package.json")
NOT_COPIED = shutil.ignore_patterns(
    "__pycache__", "screenshots", "simulation", "world", "browser", "fire", "*.png"
)
PROOF = "Proof"
_PIECE = re.compile(
    r"^(?:## (?P<title>[^\n]+)"
    r"|`(?P<file>[^`\n]+)`, (?:(?P<new>new)|(?P<how>after|instead of) `(?P<place>[^\n]+)`)(?: \([^\n]*\))?"
    r":\n\n"
    r"(?P<fence>`{3,})\w+\n(?P<text>.*?)\n(?P=fence)"
    rf"|{PROOF}[^\n]*:\n\n```sh\n(?P<proof>.*?)\n```)$",
    re.MULTILINE | re.DOTALL,
)
_BLOCK = re.compile(r"^(`{3,})\w+\n.*?\n\1$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Edit:
    """One block of the page: what becomes of a file. ``how`` is new, after or instead of (``place``)."""

    file: str
    how: str
    place: str
    text: str

    def apply(self, tree: Path) -> None:
        path = tree / self.file
        if self.how == "new":
            assert not path.exists(), f"{self.file} is there already"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(self.text + "\n", encoding="utf-8")
            return
        before = path.read_text(encoding="utf-8")
        if self.how == "instead of":
            assert before.count(self.place) == 1, f"{self.file} has {before.count(self.place)} x {self.place}"
            path.write_text(before.replace(self.place, self.text), encoding="utf-8")
            return
        lines = before.split("\n")
        whole = [number for number, line in enumerate(lines) if line.strip() == self.place]
        found = whole or [number for number, line in enumerate(lines) if self.place in line]
        assert len(found) == 1, f"{self.file} has {len(found)} lines with {self.place}"
        lines.insert(found[0] + 1, self.text)
        path.write_text("\n".join(lines), encoding="utf-8")


@dataclass(frozen=True)
class Recipe:
    """A section of the page."""

    edits: tuple[Edit, ...]
    proof: tuple[str, ...]


def recipes() -> dict[str, Recipe]:
    found: dict[str, Recipe] = {}
    edits: list[Edit] = []
    title = ""
    for piece in _PIECE.finditer(PAGE):
        if piece["title"]:
            title, edits = piece["title"], []
        elif piece["file"]:
            edits.append(
                Edit(piece["file"], piece["new"] or piece["how"], piece["place"] or "", piece["text"])
            )
        else:
            found[title] = Recipe(tuple(edits), tuple(piece["proof"].split("\n")))
    return found


RECIPES = recipes()


def test_no_block_of_the_page_is_left_out() -> None:
    words, blocks = _BLOCK.subn("", PAGE)
    assert sum(len(recipe.edits) + 1 for recipe in RECIPES.values()) == blocks
    assert list(RECIPES) == re.findall(r"^## (.+)$", words, re.MULTILINE)
    assert len(RECIPES) == 7


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the repository with every recipe applied: none may stand in another's way."""
    copy = tmp_path_factory.mktemp("extended")
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, copy / name, ignore=NOT_COPIED)
        else:
            shutil.copy2(ROOT / name, copy / name)
    (copy / "node_modules").symlink_to(ROOT / "node_modules")
    for recipe in RECIPES.values():
        for edit in recipe.edits:
            edit.apply(copy)
    return copy


@pytest.mark.parametrize("title", RECIPES)
def test_the_proof_of_a_recipe_holds(tree: Path, title: str) -> None:
    paths = [tree / "src", tree / "packages/changeover/src"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths))}
    for command in RECIPES[title].proof:
        program, *words = command.split(" ", 1)
        if program.startswith(".venv/bin/"):
            program = str(Path(sys.executable).with_name(Path(program).name))
        elif shutil.which(program, path=os.pathsep.join([str(tree), os.environ["PATH"]])) is None:
            assert os.environ.get("CI") != "true", (
                f"{program} is missing, and CI must not skip what it proves"
            )
            pytest.skip(f"{program} is not installed")
        done = subprocess.run(
            " ".join([program, *words]),
            shell=True,
            cwd=tree,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout[-4000:]}{done.stderr[-2000:]}"
        assert "no tests ran" not in done.stdout
