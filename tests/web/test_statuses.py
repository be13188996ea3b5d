"""What the API answers is what its description says: requests made of it, sent by each kind of caller.

No answer is 500, and none has a status, a type or a form that is not written down.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed
from hypothesis import settings as hypothesis_settings
from schemathesis import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from tests.sample import AT_LENGTH, SEED, drawn
from tests.web.support import SetClock, seeded, services, serving
from tests.web.test_rights import FILLED, NAMES, PEOPLE, SETTINGS, TOKENS, Door, bearer

from changeover.run.state_dir import state_of
from liveone.accounts.people import People
from liveone.database.backup_service import BackupFolder
from liveone.domain.push_token import new_push_token, push_token_hash
from liveone.domain.sources import PUSH
from liveone.sealing import SecretBox, new_key
from liveone.store import backup
from liveone.store import sources as stored
from liveone.store.store import Store
from liveone.web.app import create_app
from liveone.web.openapi.statuses import with_failures
from liveone.web.services import Facts, Services
from liveone.wiring.admin_service import AdminService
from liveone.wiring.configured_vendors import ConfiguredVendors
from liveone.wiring.house_sources import SourceBook
from liveone.wiring.push_intake import PushIntake
from liveone.wiring.repairs import ReadingRepairs
from liveone.wiring.source_service import SourceService

pytestmark = pytest.mark.sampled
CALLERS = (
    "nothing",
    "stranger",
    "viewer",
    "admin",
    "owner",
    "operator",
    *TOKENS,
    "share link",
    "cron",
    "source",
)
OPERATIONS, CASES = 16, 40 if AT_LENGTH else 1
CHECKS = [status_code_conformance, content_type_conformance, response_schema_conformance]
Operation = APIOperation[Any, Any, Any, Any]
LEFT = {("POST", "/api/auth/logout")}
"""A caller who signs out is no caller any more."""


class Homebody(SourceService):
    """Looks around nowhere: made-up requests must not search the network that the tests run in."""

    def look(self, places: Sequence[str]) -> Iterator[Facts]:
        return iter(())


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    opened = seeded(tmp_path_factory.mktemp("statuses") / "liveone.db", owner="owner", days=1)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def wired(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    """A server with all that one can have, and no account at a vendor."""
    folder, clock, keys = tmp_path_factory.mktemp("beside"), SetClock(), [new_key()]
    path = Path(store.database.label)
    book = SourceBook(store, SecretBox(lambda: keys, lambda: keys), clock)
    vendors = ConfiguredVendors([], book)
    administration = AdminService(
        store=store, clock=clock, vendors=vendors, account_list=[], migrated=lambda: (path, state_of(path))
    )
    backups = BackupFolder(
        store=store,
        clock=clock,
        folder=folder / "backups",
        make=lambda target, at: backup.backup(path, target, at),
        database_path=path,
    )
    yield replace(
        services(store, SETTINGS, clock),
        administration=administration,
        repairs=ReadingRepairs(store, clock),
        sources=Homebody(store, clock, book),
        pushes=PushIntake(store, clock),
        backups=backups,
        stream_s=0.01,
    )
    vendors.close()


@pytest.fixture(scope="module")
def door(store: Store, wired: Services) -> Iterator[Door]:
    clock = wired.clock
    assert isinstance(clock, SetClock)
    people = People(store, tuple, clock)
    for name in NAMES:
        people.add(PEOPLE[name])
    people.grant("viewer", 1, "viewer")
    people.grant("admin", 1, "admin")
    token = new_push_token()
    stored.add_source(
        store,
        1,
        name="esp",
        vendor_type=PUSH,
        roles=("grid",),
        settings={},
        token_hash=push_token_hash(token),
    )
    with serving(replace(wired, people=people)) as client:
        door = Door(client, people, clock)
        door.headers["source"] = bearer(token)
        yield door


def operations(store: Store) -> list[Operation]:
    """What the description says can be asked."""
    schema = schemathesis.openapi.from_dict(with_failures(create_app(services(store, SETTINGS)).openapi()))
    schema.config.generation.update(with_security_parameters=False)
    return [found.ok() for found in schema.get_all_operations()]


def send(door: Door, case: schemathesis.Case, caller: str) -> None:
    """Send a made-up request, of things that there are; hold the answer against its description."""
    door.clock.at += 1000  # whoever guessed is forgiven
    for name in case.path_parameters:
        case.path_parameters[name] = FILLED.get(name, case.path_parameters[name])
    answer = case.call(base_url=str(door.client.base_url), headers=door.headers[caller])
    meant = {501} if "history" in case.path else set()
    assert answer.status_code < 500 or answer.status_code in meant, f"{caller}: {answer.text[:300]}"
    case.validate_response(answer, checks=CHECKS)


def fuzz(door: Door, operation: Operation, callers: Sequence[str]) -> None:
    """Make requests of an operation up, and send each as every caller."""

    @seed(SEED)
    @hypothesis_settings(
        max_examples=CASES,
        phases=[Phase.generate],
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def sent(case: schemathesis.Case) -> None:
        for caller in callers:
            send(door, case, caller)

    sent()


def test_every_answer_is_one_that_the_description_has(door: Door, store: Store) -> None:
    every = [one for one in operations(store) if (one.method.upper(), one.path) not in LEFT]
    for number, operation in enumerate(drawn(every, OPERATIONS)):
        fuzz(door, operation, CALLERS if AT_LENGTH else CALLERS[number % 3 :: 3])
