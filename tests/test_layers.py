"""The architecture is a test: import contracts hold and no file or function grows a tail."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from tests.order import APART, LONGEST_FIRST

ROOT = Path(__file__).parent.parent
SOURCES = sorted(path for folder in ("src", "packages") for path in (ROOT / folder).rglob("*.py"))
FILE_LINES, FUNCTION_LINES = 400, 60


def test_import_contracts_hold() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([lint, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def modules() -> list[tuple[Path, str, ast.Module]]:
    """Every module: its path, its text, and that taken apart."""
    texts = [(path.relative_to(ROOT), path.read_text()) for path in SOURCES]
    return [(path, text, ast.parse(text)) for path, text in texts]


def test_files_and_functions_stay_small(modules: list[tuple[Path, str, ast.Module]]) -> None:
    """A long file is given one purpose, a long function is parted."""
    long = [f"{path} has {text.count(chr(10))} lines" for path, text, _ in modules if is_long(text)]
    for path, _, tree in modules:
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                if length > FUNCTION_LINES:
                    long.append(f"{path}:{node.lineno} {node.name} has {length} lines")
    assert long == []


def is_long(text: str) -> bool:
    return text.count("\n") > FILE_LINES


def test_every_module_says_what_it_is_for(modules: list[tuple[Path, str, ast.Module]]) -> None:
    silent = [path for path, text, tree in modules if text.strip() and not ast.get_docstring(tree)]
    assert silent == []


def test_files_that_the_order_of_tests_names_are_there() -> None:
    tests = ROOT / "tests"
    assert [name for name in (*APART, *LONGEST_FIRST) if not (tests / name).exists()] == []
