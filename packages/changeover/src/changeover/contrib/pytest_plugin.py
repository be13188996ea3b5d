"""A pytest plug-in: a test fails when a plan does not go there and back on a database.

def test_the_release_can_be_taken_back(changeover_rehearsal, a_database):
    changeover_rehearsal("migrations/0007/PLAN.md", a_database)
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from changeover.run.records import Record


@pytest.fixture
def changeover_rehearsal(tmp_path: Path) -> "Callable[..., Record]":
    """Rehearses a plan on a copy of a database, and fails the test, with all faults, when it does not pass.

    Called with the plan's path, the database (None: the plan's own) and its parameters by name; returns the
    record, for what a test wants to hold against it (``frozen_s``, ``rows_compared``, ...).
    """

    def rehearse(
        plan: str | Path, database: Path | str | None = None, **parameters: "str | Mapping[str, str]"
    ) -> "Record":
        from changeover import api
        from changeover.errors import ChangeoverError

        __tracebackhide__ = True
        try:
            record = api.rehearse(plan, database, parameters=parameters, state=tmp_path / "changeover")
        except ChangeoverError as error:
            pytest.fail(f"{plan} cannot be rehearsed: {error}", pytrace=False)
        if not record.passed:
            faults = "\n".join(f"- {fault}" for fault in record.faults)
            pytest.fail(f"{plan} does not go there and back:\n{faults}", pytrace=False)
        return record

    return rehearse
