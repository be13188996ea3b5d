"""The first hour again, with the database on a libSQL server: the same tests, the same answers."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.house import House, built
from tests.cli.test_first_hour import (  # noqa: F401
    system,
    test_a_bad_line_is_passed_over_or_stops_a_strict_import,
    test_db_shell_runs_a_script_as_one_transaction,
    test_discover_add_test_poll_and_list,
    test_doctor_tells_what_to_do,
    test_rebuilt_aggregates_equal_the_ones_made_along_the_way,
    test_what_is_exported_is_imported_again_once,
)


@pytest.fixture
def house(tmp_path: Path, server_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    with built(tmp_path) as found:
        monkeypatch.setenv("LIVEONE_DATABASE_URL", server_url)
        found.ok("db", "create")
        yield found
