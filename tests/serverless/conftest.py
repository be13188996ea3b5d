"""A house whose database is on a real libSQL server, and the environment that a host would be given."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from tests.store.sqld import Sqld, scratch

from liveone.simulate.portal import Portal
from liveone.simulate.run import PortalOptions, make_portal
from liveone.store.libsql.create import create_tables
from liveone.store.libsql.driver import LibsqlDatabase
from liveone.store.store import Store, open_store
from liveone.store.systems import add_system

PASSWORD, CRON_SECRET = "correct horse", "0123456789abcdef"
CRON = {"authorization": f"Bearer {CRON_SECRET}"}
OWNER = {"cookie": f"auth-token={PASSWORD.replace(' ', '%20')}"}
CALL_S = 0.05
"""How soon one call of the cron path may follow another in these tests."""


@dataclass
class Cloud:
    """``environment`` is all that an instance is given."""

    server: Sqld
    portal: Portal
    environment: dict[str, str] = field(default_factory=dict)

    def store(self) -> Store:
        return open_store(self.server.url)


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    server = Sqld(scratch("serverless"), namespaces=False)
    since = datetime.now(UTC) - timedelta(days=2)
    options = PortalOptions(hiccup=False, since_day=since.date().isoformat())
    try:
        server.start()
        with closing(LibsqlDatabase(server.url)) as database:
            create_tables(database)
        with make_portal(options) as portal:
            found = Cloud(server, portal, _environment(server.url, portal.url, options))
            with closing(found.store()) as store:
                add_system(store, owner=None, vendor_type="select.live", vendor_site_id="1586",
                           display_name="Home", timezone_offset_min=600)  # fmt: skip
            yield found
    finally:
        server.close()


def _environment(database_url: str, portal_url: str, options: PortalOptions) -> dict[str, str]:
    return {
        "LIVEONE_DATABASE_URL": database_url,
        "AUTH_PASSWORD": PASSWORD,
        "CRON_SECRET": CRON_SECRET,
        "LIVEONE_VENDOR_HOME_EMAIL": options.email,
        "LIVEONE_VENDOR_HOME_PASSWORD": options.password,
        "LIVEONE_VENDOR_HOME_URL": portal_url,
        "LIVEONE_STREAM_S": "5",
        "VERCEL": "1",
    }
