"""The worked example in the docs says what really happens: carried out again, it prints the same."""

from pathlib import Path

import pytest
from tests.migration.worked_example import TARGET, skeleton, write

UNCOUNTED = {"| readings | | |"}
"""Two days of it are few enough to be counted while writers wait; a month, as in the docs, is not."""


@pytest.mark.slow
def test_the_worked_example_is_still_true(tmp_path: Path) -> None:
    write(tmp_path / "stage", tmp_path / "docs", days=2)
    for name in ("README.md", "report.md"):
        now, then = (set(skeleton((folder / name).read_text())) for folder in (tmp_path / "docs", TARGET))
        now, then = now - UNCOUNTED, then - UNCOUNTED
        hint = "write it anew: python -m tests.migration.worked_example"
        assert sorted(now ^ then) == [], hint
