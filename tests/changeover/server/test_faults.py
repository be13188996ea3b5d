"""Whatever fails, whenever: the server's database is whole, old or new, and the outcome is told truly."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import httpx2
import pytest
from tests.changeover.database import household
from tests.changeover.database.household import change, context
from tests.changeover.database.killer import Hook, killed_at
from tests.changeover.server.copying import Contents, contents, contents_of_file, copied
from tests.store.keys import Keys
from tests.store.proxy import Fault, Proxy
from tests.store.sqld import Sqld, hold_lock, scratch

from changeover.database import lease as leases
from changeover.database import ledger
from changeover.database.change.apply import Migrated, ProgressHooks, migrate
from changeover.database.change.invariants import Depth
from changeover.database.connect import connect, opened
from changeover.database.ledger import Direction
from changeover.database.lock import Holder
from changeover.database.server import judge, resolve
from changeover.database.server.remote import Remote
from changeover.database.where import Server
from changeover.errors import Busy, LeaseLost, Locked, OutcomeUnknown, Unavailable
from hrana.wire import Json

ME, NEXT = Holder("run-1", 1, "here", 0), Holder("run-1", 2, "here", 5)
LEEWAY_S = 60
"""How long after its end the server still takes a token."""
SLOWLY = (
    "UPDATE polling_status SET total_polls = (WITH RECURSIVE n(x) AS"
    " (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < {}) SELECT count(*) FROM n)"
)


@pytest.fixture
def expected(file: Path) -> Contents:
    """What the household is after the change, told by the file's engine."""
    with closing(connect(file)) as local:
        migrate(local, change(), context(), depth=Depth.SWIFT)
    return contents_of_file(file)


@pytest.fixture
def own(file: Path) -> Iterator[tuple[Sqld, Server]]:
    """A server of the test's own, to be killed, with the household on it."""
    found = Sqld(scratch("c1own"), namespaces=False)
    try:
        copied(file, Server(found.start().url))
        yield found, Server(found.url)
    finally:
        found.close()


@pytest.fixture
def cut(sqld: Sqld, server: Server) -> Iterator[tuple[Proxy, Server]]:
    """The household behind a network that can be cut."""
    proxy = Proxy(sqld.port)
    yield proxy, Server(server.url.replace(str(sqld.port), str(proxy.port)))
    proxy.close()


def forward(server: Server, hooks: ProgressHooks | None = None, **more: object) -> Migrated:
    """Take the lease and carry a change out, as a run does."""
    with opened(server) as connection:
        held = leases.acquire(connection, ME)
        return migrate(connection, change(**more), context(lease=held), depth=Depth.SWIFT, hooks=hooks)


def at(moment: str, then: Callable[[], object]) -> ProgressHooks:
    """Do something the first time that a moment comes."""
    left = [then]
    return ProgressHooks(hook=lambda now: left.pop()() if now == moment and left else None)  # type: ignore[func-returns-value]


def is_whole(server: Server, old: Contents, new: Contents) -> bool:
    """Whether the change was done; it is an error when it was done in part, or when anything is damaged."""
    found = contents(server)
    with opened(server) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        names = connection.execute("SELECT name FROM sqlite_schema WHERE name LIKE 'changeover_now%'")
        assert names.fetchall() == []
        done = ledger.was_done(connection, "run-1", "migrate", Direction.FORWARD)
    without = {name: rows for name, rows in found.items() if name != "sqlite_sequence"}
    assert without == {k: v for k, v in (new if done else old).items() if k != "sqlite_sequence"}
    return done


def attempts(server: Server) -> int:
    with opened(server) as connection:
        return len(ledger.entries(connection))


class Counted:
    """A client whose every request is a boundary at which its process can be killed."""

    def __init__(self, remote: Remote, hook: Hook) -> None:
        self._pipeline, self._hook, self._number = remote._client.pipeline, hook, 0
        remote._client.pipeline = self.pipeline  # type: ignore[method-assign]

    def pipeline(self, request: Json, *rest: object) -> Json:
        self._number += 1
        self._hook(f"before request {self._number}")
        answer = self._pipeline(request, *rest)  # type: ignore[arg-type]
        self._hook(f"after request {self._number}")
        return answer


def a_run(server: Server, hook: Hook) -> None:
    with opened(server) as connection:
        Counted(connection, hook)
        lease = leases.acquire(connection, ME)
        migrate(connection, change(), context(lease=lease), depth=Depth.SWIFT, hooks=ProgressHooks(hook=hook))
        leases.release(connection, lease)


REQUESTS = 12
"""Of a whole run: lease, schema, sizes, what is asked ahead, the change, the lease given back."""


def test_the_requests_of_a_run_are_as_many_as_are_killed_at(server: Server) -> None:
    heard: list[str] = []
    a_run(server, heard.append)
    assert [m for m in heard if "request" in m][-1] == f"after request {REQUESTS}"


@pytest.mark.parametrize("number", range(1, REQUESTS + 1))
@pytest.mark.parametrize("side", ["before", "after"])
def test_a_runner_killed_at_any_request_leaves_old_or_new_and_the_next_one_finishes(
    file: Path, server: Server, number: int, side: str
) -> None:
    old = contents_of_file(file)
    with closing(connect(file)) as local:
        migrate(local, change(), context(), depth=Depth.SWIFT)
    new = contents_of_file(file)
    assert killed_at(lambda hook: a_run(server, hook), f"{side} request {number}")
    done = is_whole(server, old, new)
    change_at = REQUESTS - 1
    assert done is (number > change_at or (number == change_at and side == "after"))
    with opened(server) as connection:
        seen = leases.look(connection)
        lease = leases.acquire(connection, NEXT, watched=seen)
        if not done:
            migrate(connection, change(), context(lease=lease), depth=Depth.SWIFT)
    assert is_whole(server, old, new)
    assert attempts(server) == 1


@pytest.mark.parametrize("fault", [Fault.REQUEST_LOST, Fault.ANSWER_LOST])
def test_a_network_cut_before_or_after_commit_is_decided_by_the_ledger(
    file: Path, cut: tuple[Proxy, Server], server: Server, expected: Contents, fault: Fault
) -> None:
    proxy, through = cut
    done = forward(through, at("begun", lambda: proxy.cut(fault)))
    assert is_whole(server, {}, expected)
    assert attempts(server) == 1
    lost = "the server's answer was lost; that the change was done is known from the ledger"
    assert (lost in done.notes) is (fault is Fault.ANSWER_LOST)
    assert done.counts["readings"] == (600, 600)


def test_a_stream_that_expired_in_the_middle_is_named_and_nothing_was_done(
    file: Path, cut: tuple[Proxy, Server], server: Server, expected: Contents
) -> None:
    """We keep none for a change, so only what stands before a server can say so."""
    proxy, through = cut
    with pytest.raises(Unavailable, match="gave our stream up") as caught:
        forward(through, at("begun", lambda: proxy.cut(Fault.EXPIRED)))
    assert "Nothing was changed" in caught.value.hint
    assert not is_whole(server, contents_of_file(household.make(file.with_name("old.db"))), {})
    with opened(server) as connection:
        held = leases.acquire(connection, NEXT, watched=leases.look(connection))
        migrate(connection, change(), context(lease=held), depth=Depth.SWIFT)
    assert is_whole(server, {}, expected)


def test_a_change_that_arrives_after_it_was_given_up_is_not_done(
    cut: tuple[Proxy, Server], server: Server, expected: Contents
) -> None:
    proxy, through = cut
    forward(through, at("begun", lambda: proxy.cut(Fault.LATE)))
    assert b"changeover_refuses" in proxy.deliver()
    assert is_whole(server, {}, expected)
    assert attempts(server) == 1


def test_a_change_that_was_given_up_cannot_be_done_behind_our_back(
    file: Path, cut: tuple[Proxy, Server], server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resolve, "SENDS_MAX", 1)
    proxy, through = cut
    with pytest.raises(Unavailable, match="nothing was changed"):
        forward(through, at("begun", lambda: proxy.cut(Fault.LATE)))
    assert b"changeover_refuses" in proxy.deliver()
    assert not is_whole(server, contents_of_file(file), {})


def test_a_network_that_stays_cut_is_an_outcome_unknown_and_resume_finds_out(
    file: Path,
    cut: tuple[Proxy, Server],
    server: Server,
    expected: Contents,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(resolve, "RESOLVE_S", 1.0)
    proxy, through = cut

    moments = {"begun": lambda: proxy.cut(Fault.ANSWER_LOST), "unanswered": proxy.close}
    hooks = ProgressHooks(hook=lambda now: moments.get(now, int)())
    with pytest.raises(OutcomeUnknown, match="resume"):
        forward(through, hooks)
    assert is_whole(server, {}, expected), "it was done, and the ledger says so"


def test_a_server_killed_before_the_change_and_back_again_does_it(
    own: tuple[Sqld, Server], expected: Contents
) -> None:
    sqld, server = own

    def fall() -> None:
        sqld.kill()
        sqld.start()

    forward(server, at("begun", fall))
    assert is_whole(server, {}, expected)
    assert attempts(server) == 1


def test_a_server_that_stays_away_is_unavailable_and_nothing_was_changed(
    file: Path, own: tuple[Sqld, Server]
) -> None:
    sqld, server = own
    with pytest.raises(Unavailable, match="nothing was changed"):
        forward(server, at("begun", sqld.kill))
    sqld.start()
    assert not is_whole(server, contents_of_file(file), {})


@pytest.mark.parametrize("back", [True, False])
def test_a_server_killed_during_the_change_is_as_it_was(
    file: Path, own: tuple[Sqld, Server], monkeypatch: pytest.MonkeyPatch, back: bool
) -> None:
    """It comes ``back`` while the runner asks what became of the change, or only later."""
    monkeypatch.setattr(resolve, "RESOLVE_S", 5.0 if back else 0.5)
    monkeypatch.setattr(resolve, "SENDS_MAX", 1)
    sqld, server = own

    killer = threading.Timer(0.4, sqld.kill)

    def fallen() -> None:
        killer.join()
        if back:
            sqld.start()

    moments = {"begun": killer.start, "unanswered": fallen}
    hooks = ProgressHooks(hook=lambda now: moments.get(now, int)())
    with pytest.raises(Unavailable if back else OutcomeUnknown):
        forward(server, hooks, text=SLOWLY.format(60_000_000), scope=("polling_status",))
    if not back:
        sqld.start()
    assert not is_whole(server, contents_of_file(file), {})


def test_a_server_killed_after_commit_kept_the_change(own: tuple[Sqld, Server], expected: Contents) -> None:
    sqld, server = own
    proxy = Proxy(sqld.port)
    through = Server(server.url.replace(str(sqld.port), str(proxy.port)))

    def fall() -> None:
        sqld.kill()
        sqld.start()

    moments = {"begun": lambda: proxy.cut(Fault.ANSWER_LOST), "unanswered": fall}
    hooks = ProgressHooks(hook=lambda now: moments.get(now, int)())
    done = forward(through, hooks)
    assert done.counts["systems"] == (3, 3)
    assert is_whole(server, {}, expected)
    assert attempts(server) == 1
    proxy.close()


@pytest.mark.slow
def test_a_lock_that_somebody_holds_is_waited_for(server: Server, expected: Contents) -> None:
    done = forward(server, at("begun", lambda: hold_lock(server.url)))
    assert 2 < done.measured.lock_wait_s < 8
    assert done.measured.frozen_s < 2, "waiting for the lock holds nobody up"
    assert is_whole(server, {}, expected)


@pytest.mark.slow
def test_our_lock_is_stolen_after_five_seconds_when_others_wait_and_all_is_as_before(
    file: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the deadline of our own keeps from happening, so it is taken away here."""
    monkeypatch.setattr(judge, "DEADLINE_S", 60.0)
    written: list[float] = []

    def write() -> None:
        time.sleep(0.5)
        began_s = time.monotonic()
        with opened(server) as other:
            other.execute("UPDATE polling_status SET last_response = NULL")
        written.append(time.monotonic() - began_s)

    writer = threading.Thread(target=write)
    many = ";".join([SLOWLY.format(1_000_000)] * 60)
    with pytest.raises(Busy, match="5 s"):
        forward(server, at("begun", writer.start), text=many, scope=("polling_status",))
    writer.join()
    assert 2 < written[0] < 8
    assert not is_whole(server, contents_of_file(file), {})


def test_writes_that_somebody_blocked_are_named_and_nothing_is_changed(
    sqld: Sqld, file: Path, server: Server
) -> None:
    name = server.url.partition("namespace=")[2]
    free = {"block_reads": False, "block_writes": False}
    block = free | {"block_writes": True, "block_reason": "another migration"}
    hooks = at("begun", lambda: sqld.admin("POST", f"namespaces/{name}/config", block))
    with pytest.raises(Busy, match="another migration"):
        forward(server, hooks)
    sqld.admin("POST", f"namespaces/{name}/config", free)
    assert not is_whole(server, contents_of_file(file), {})


def test_a_server_with_too_many_streams_is_waited_for_and_then_told_of(file: Path) -> None:
    narrow = Sqld(scratch("c1narrow"), "--max-concurrent-connections", "3", namespaces=False)
    try:
        server = Server(narrow.start().url)
        copied(file, server)
        with pytest.raises(Busy, match="too many requests"):
            forward(server, at("begun", lambda: fill(narrow)), lock_wait_s=0.5)
        time.sleep(11)
        assert not is_whole(server, contents_of_file(file), {})
    finally:
        narrow.close()


def fill(narrow: Sqld) -> None:
    """Open streams, and leave them, until the server takes no more; they die after ten seconds."""
    document = {"requests": [{"type": "execute", "stmt": {"sql": "SELECT 1"}}]}
    for _ in range(200):
        if httpx2.post(f"{narrow.url}/v3/pipeline", json=document, timeout=5).status_code != 200:
            return
    raise AssertionError("the server took every stream")


@pytest.mark.slow
def test_a_token_that_expires_in_the_middle_is_named_and_nothing_was_done(tmp_path: Path) -> None:
    keys = Keys(tmp_path)
    guarded = Sqld(scratch("c1token"), "--auth-jwt-key-file", str(keys.public), namespaces=False)
    file = household.make(tmp_path / "live.db")
    try:
        lasting = Server(guarded.start().url, keys.token())
        copied(file, lasting)
        ends_at = int(time.time()) + 4
        brief = Server(guarded.url, keys.token(exp=ends_at - LEEWAY_S))
        wait = at("begun", lambda: time.sleep(max(0.0, ends_at - time.time()) + 1.5))
        with pytest.raises(Unavailable, match="CHANGEOVER_DATABASE_TOKEN") as caught:
            forward(brief, wait)
        assert brief.token not in str(caught.value)
        assert not is_whole(lasting, contents_of_file(file), {})
    finally:
        guarded.close()


def test_two_runners_one_lease(server: Server, expected: Contents) -> None:
    with opened(server) as one, opened(server) as other:
        lease = leases.acquire(one, ME)
        with pytest.raises(Locked, match="run run-1"):
            leases.acquire(other, Holder("run-2", 9, "there", 0))
        migrate(one, change(), context(lease=lease), depth=Depth.SWIFT)
        leases.release(one, lease)
        second = leases.acquire(other, Holder("run-2", 9, "there", 0))
        with pytest.raises(LeaseLost, match="run run-2"):
            migrate(one, change("UPDATE systems SET created_at = 1"), context(lease=lease), depth=Depth.SWIFT)
        leases.beat(other, second)
    assert is_whole(server, {}, expected)
