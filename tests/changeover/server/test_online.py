"""Online on a libSQL server: refused, each reason held against a real server."""

from pathlib import Path

import pytest
from tests.changeover.run.test_online import PLAN

from changeover import api
from changeover.database.server.remote import Remote
from changeover.database.where import Server
from changeover.run.check import inspect
from changeover.sql import rebuild
from hrana.errors import Refused

MIGRATE = """
CREATE TABLE members_new (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
INSERT INTO members_new (id, name) SELECT id, name FROM members;
DROP TABLE members;
ALTER TABLE members_new RENAME TO members;
"""


@pytest.mark.parametrize("sql", rebuild.REFUSED_BY_SERVERS)
def test_the_server_refuses_what_it_needs(remote: Remote, sql: str) -> None:
    """When a server no longer does, this fails: then the reason is gone, and it may be had."""
    with pytest.raises(Refused, match="unsupported statement"):
        remote.execute(sql)


def test_check_refuses_it_with_the_reasons(server: Server, work: Path) -> None:
    plan = work / "PLAN.md"
    plan.write_text(PLAN % MIGRATE)
    (found,) = [one for one in inspect(plan, server) if one.rule == "online"]
    assert "legacy_alter_table" in found.message
    assert "move the database to a file" in found.hint
    assert not api.check(plan, server).is_sound
