"""A change that its runner gave up, by dying or by asking in vain, arrives after all: it must not be done.

Whoever goes on asks the ledger what became of it; that answer holds only once the lease's token is higher.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.changeover.database.killer import killed_at
from tests.changeover.server import club
from tests.changeover.server.club import TEMPLATE, ServerClub
from tests.store.proxy import Fault, Proxy
from tests.store.sqld import Sqld

from changeover.database.server import resolve
from changeover.engine.entries import Ending
from changeover.errors import OutcomeUnknown

SENT = "begun"
"""The boundary right before a change is sent."""


@pytest.fixture
def one(work: Path, sqld: Sqld) -> Iterator[ServerClub]:
    """A rehearsed club behind a network that can be cut."""
    proxy = Proxy(sqld.port)
    with club.made(work / "club", sqld) as made:
        found = replace(made, through=proxy)
        assert found.rehearse().passed
        yield found
    proxy.close()


def requests_before(one: ServerClub, change: int) -> int:
    """How many requests a run sends before its change of that number, counted from 0."""
    assert one.through is not None
    proxy, began, heard = one.through, one.through.requests, []

    def hook(moment: str) -> None:
        if moment == SENT:
            heard.append(proxy.requests - began)

    club.acting("run")(one, hook)
    return heard[change]


class Arrival:
    """The late request arrives the first time that a moment comes; ``refused`` is whether the fence stood."""

    def __init__(self, proxy: Proxy, moment: str) -> None:
        self._proxy, self._moment = proxy, moment
        self.refused: bool | None = None

    def __call__(self, now: str) -> None:
        if now.startswith(self._moment) and self.refused is None:
            self.refused = b"changeover_refuses" in self._proxy.deliver()


@pytest.mark.parametrize("command", ["rollback", "resume"])
@pytest.mark.parametrize("change", [0, 1])
def test_of_a_killed_runner(one: ServerClub, work: Path, command: str, change: int) -> None:
    assert one.through is not None
    expected = club.oracle(one, work / "oracle.db")
    kept = club.keep(one, work / "kept", TEMPLATE)
    passing = requests_before(one, change)
    club.fresh(one, kept, TEMPLATE)
    one.through.cut_after(passing, Fault.LATE)
    assert killed_at(lambda hook: one.start(hook=hook), "unanswered")
    arrival = Arrival(one.through, "after journal settled")
    outcome = one.again(command, hook=arrival)
    assert arrival.refused
    if command == "resume":
        club.require_done(one, outcome, expected)
    else:
        club.require_undone(one, outcome)


def test_of_a_runner_that_asked_in_vain(one: ServerClub, monkeypatch: pytest.MonkeyPatch) -> None:
    assert one.through is not None
    kept = club.keep(one, one.folder.with_name("kept"), TEMPLATE)
    passing = requests_before(one, 1)
    club.fresh(one, kept, TEMPLATE)

    def in_vain(*_: object) -> None:
        raise OutcomeUnknown("The answer was lost, and nobody could be asked.", hint="")

    monkeypatch.setattr(resolve, "_decided", in_vain)
    one.through.cut_after(passing, Fault.LATE)
    arrival = Arrival(one.through, "before journal failed members")
    outcome = one.start(hook=arrival)
    assert arrival.refused
    club.require_undone(one, outcome)


def test_what_a_change_printed_was_judged_before_commit_so_a_lost_answer_loses_nothing(
    work: Path, sqld: Sqld
) -> None:
    """The ledger knows that it was done; then what it printed was as expected."""
    counted = """
### Count {#count}

```sql {#counted phase=migrate scope="prices" rows="prices=*" expect=some}
UPDATE prices SET cents = cents;
SELECT id FROM prices;
```
"""
    back = """
```sql {#uncount undoes=counted scope="prices" rows="prices=*"}
UPDATE prices SET cents = cents;
```
"""
    with club.made(work / "club", sqld, execute=counted, rollback=back) as made:
        one = replace(made, through=Proxy(sqld.port))
        record = one.rehearse()
        assert record.passed, record.faults
        kept = club.keep(one, work / "kept", TEMPLATE)
        passing = requests_before(one, 2)
        club.fresh(one, kept, TEMPLATE)
        assert one.through is not None
        one.through.cut_after(passing, Fault.ANSWER_LOST)
        outcome = one.start()
    assert outcome.failures == ()
    assert outcome.ending is Ending.DONE
