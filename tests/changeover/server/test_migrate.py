"""The change on a server is the change on a file: the same rows, the same schema, the same refusals."""

from contextlib import closing
from pathlib import Path

import pytest
from tests.changeover.database.household import BACKWARD, FORWARD, change, context
from tests.changeover.server.copying import contents, contents_of_file, definitions

from changeover.database import lease as leases
from changeover.database import ledger
from changeover.database.change.apply import migrate
from changeover.database.change.invariants import Depth
from changeover.database.connect import connect
from changeover.database.ledger import Direction
from changeover.database.lock import Holder
from changeover.database.server.remote import Remote
from changeover.database.where import Server

ME = Holder("run-1", 1, "here", 0)


@pytest.mark.parametrize("depth", [Depth.SWIFT, Depth.THOROUGH])
def test_there_and_back_is_row_by_row_what_a_file_becomes(
    file: Path, server: Server, remote: Remote, depth: Depth
) -> None:
    lease = leases.acquire(remote, ME)
    with closing(connect(file)) as local:
        for connection in (local, remote):
            connection.execute("INSERT INTO systems (id, user_id, system_number) VALUES (9, 'gone', '1')")
            connection.execute("DELETE FROM systems WHERE id = 9")
        for text, direction in ((FORWARD, Direction.FORWARD), (BACKWARD, Direction.ROLLBACK)):
            asked = change(text, rows="systems=* readings=0 readings_agg_1d=*")
            here = migrate(local, asked, context(direction), depth=depth)
            there = migrate(remote, asked, context(direction, lease=lease), depth=depth)
            assert contents(server) == contents_of_file(file)
            assert definitions(remote) == definitions(local)
            assert there.counts == here.counts
            assert (there.schema_before, there.schema_after) == (here.schema_before, here.schema_after)
            assert there.measured.rows_in_all == here.measured.rows_in_all
            assert [one.rows for one in there.measured.executed] == [
                one.rows for one in here.measured.executed
            ]
    leases.beat(remote, lease)
    assert remote.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    left = "SELECT name FROM sqlite_schema WHERE name LIKE 'changeover%' ORDER BY 1"
    assert remote.execute(left).fetchall() == [("changeover_ledger",), ("changeover_state",)]
    entries = ledger.entries(remote)
    assert [one.direction for one in entries] == [Direction.FORWARD, Direction.ROLLBACK]
    assert entries[1].rows_changed == there.measured.rows_in_all
    assert 0 < entries[1].frozen_ms / 1000 <= there.measured.frozen_s
    given = "SELECT seq FROM sqlite_sequence WHERE name = 'systems'"
    assert remote.execute(given).fetchall() == [(9,)], "an id that was given out is never given out again"
