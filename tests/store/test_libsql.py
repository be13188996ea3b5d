"""What only a server has: namespaces, tokens, replicas, a network that fails; against the real one."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from tests.store.keys import Keys, certified
from tests.store.proxy import Fault, Proxy
from tests.store.sqld import Sqld, hold_lock, scratch

from hrana.address import is_server, parse
from liveone.errors import BadInput
from liveone.store.database import (
    Busy,
    OutcomeUnknown,
    ReadOnly,
    SchemaChanged,
    Statement,
    StoreError,
    Unavailable,
)
from liveone.store.libsql import sources
from liveone.store.libsql.driver import LibsqlDatabase

COUNT = Statement("SELECT count(*) FROM t")
INSERT = Statement("INSERT INTO t (a) VALUES (?)", (1,))


def with_table(url: str) -> str:
    with closing(LibsqlDatabase(url)) as database:
        database.write([Statement("CREATE TABLE t (id INTEGER PRIMARY KEY, a)")])
    return url


def count(database: LibsqlDatabase) -> int:
    return int(database.read([COUNT])[0][0][0])  # type: ignore[arg-type]


def seconds(call: Callable[[], object]) -> float:
    began_s = time.monotonic()
    call()
    return time.monotonic() - began_s


@pytest.mark.parametrize(
    ("url", "origin", "namespace"),
    [
        ("libsql://house-anna.turso.io", "https://house-anna.turso.io", ""),
        ("libsql://127.0.0.1:8080?tls=0", "http://127.0.0.1:8080", ""),
        ("http://db:8080/?namespace=prod", "http://db:8080", "prod"),
    ],
)
def test_a_url_names_a_server_and_a_namespace(url: str, origin: str, namespace: str) -> None:
    assert is_server(url)
    found = parse(url)
    assert (found.origin, found.namespace) == (origin, namespace)


@pytest.mark.parametrize("url", ["libsql://u:secret@host", "libsql://host?authToken=secret"])
def test_a_url_with_a_secret_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(BadInput, match="LIVEONE_DATABASE_TOKEN") as caught:
        LibsqlDatabase(url)
    assert "secret" not in str(caught.value).replace("holds a secret", "")


@pytest.mark.parametrize("url", ["http://host/dev/prod", "http://", "http://host?ns=prod"])
def test_a_url_that_says_too_much_or_too_little_is_refused(url: str) -> None:
    with pytest.raises(BadInput, match="namespace=NAME"):
        LibsqlDatabase(url)


def test_namespaces_are_apart(sqld: Sqld) -> None:
    with sqld.namespace() as one, sqld.namespace() as two:
        with_table(one)
        with closing(LibsqlDatabase(two)) as other, pytest.raises(SchemaChanged):
            other.read([COUNT])


@pytest.mark.parametrize("suffix", ["", "?namespace=absent"])
def test_a_namespace_that_is_not_there_says_how_to_name_one(sqld: Sqld, suffix: str) -> None:
    with (
        closing(LibsqlDatabase(sqld.url + suffix)) as database,
        pytest.raises(Unavailable, match=r"\?namespace=NAME"),
    ):
        database.read([Statement("SELECT 1")])


def test_an_answer_beyond_the_servers_limit_is_read_all_the_same(server_url: str) -> None:
    with closing(LibsqlDatabase(server_url)) as database:
        wide = Statement(
            "WITH RECURSIVE n AS (SELECT 1 AS x UNION ALL SELECT x + 1 FROM n WHERE x < 60000)"
            " SELECT x, x * 1.1, printf('%0200d', x) FROM n -- a comment at the end"
        )
        few = Statement("SELECT 'snapshot'")
        rows, one = database.read([wide, few])
        assert len(rows) == 60_000
        assert rows[-1] == (60_000, 60_000 * 1.1, f"{60_000:0200d}")
        assert one == [("snapshot",)]


def test_streams_are_closed_so_that_nobody_is_turned_away() -> None:
    server = Sqld(scratch("narrow"), "--max-concurrent-connections", "4", namespaces=False)
    many = Statement(
        "WITH RECURSIVE n AS (SELECT 1 AS x UNION ALL SELECT x + 1 FROM n WHERE x < 3000) SELECT x FROM n"
    )
    try:
        with closing(LibsqlDatabase(with_table(server.start().url))) as database:
            for _ in range(8):
                database.write([INSERT])
                assert len(database.read([many])[0]) == 3000
                next(database.stream([many]))
                with pytest.raises(StoreError):
                    database.write([Statement("nonsense")])
    finally:
        server.close()


@pytest.mark.slow
def test_a_lock_held_too_long_is_taken_over_after_five_seconds(server_url: str) -> None:
    with closing(LibsqlDatabase(with_table(server_url))) as database:
        hold_lock(server_url)
        assert count(database) == 0
        assert 3 < seconds(lambda: database.write([INSERT])) < 8
        assert count(database) == 1


def test_a_lock_held_beyond_our_patience_is_an_error_in_time(server_url: str) -> None:
    with closing(LibsqlDatabase(with_table(server_url), timeout_s=1.0)) as database:
        hold_lock(server_url)

        def refused() -> None:
            with pytest.raises((Busy, OutcomeUnknown)):
                database.write([INSERT])

        assert seconds(refused) < 4.5, "the server gives the lock away after 5 s"


def test_blocked_writes_are_busy_and_reads_go_on(sqld: Sqld, server_url: str) -> None:
    name = parse(server_url).namespace
    with closing(LibsqlDatabase(with_table(server_url), timeout_s=1.0)) as database:
        free = {"block_reads": False, "block_writes": False}
        sqld.admin(
            "POST",
            f"namespaces/{name}/config",
            free | {"block_writes": True, "block_reason": "migration"},
        )
        with pytest.raises(Busy, match="migration"):
            database.write([INSERT])
        assert count(database) == 0
        sqld.admin("POST", f"namespaces/{name}/config", free)
        database.write([INSERT])


def test_the_change_token_costs_a_question_at_most_twice_a_second(sqld: Sqld, server_url: str) -> None:
    proxy = Proxy(sqld.port)
    through = with_table(server_url).replace(str(sqld.port), str(proxy.port))
    with closing(LibsqlDatabase(through)) as database, closing(LibsqlDatabase(server_url)) as other:
        before = database.change_token()
        asked = proxy.requests
        for _ in range(50):
            database.change_token()
        assert proxy.requests == asked
        other.write([INSERT])
        noticed_s = seconds(lambda: wait_until(lambda: database.change_token() != before))
        assert noticed_s < 10
        own = database.change_token()
        database.write([INSERT])
        assert database.change_token() != own
    proxy.close()


def wait_until(what: Callable[[], bool], within_s: float = 15.0) -> None:
    end_s = time.monotonic() + within_s
    while not what():
        assert time.monotonic() < end_s, "this did not happen in time"
        time.sleep(0.02)


@pytest.fixture
def cut(sqld: Sqld, server_url: str) -> Iterator[tuple[Proxy, LibsqlDatabase]]:
    """A database behind a network that can be cut."""
    proxy = Proxy(sqld.port)
    url = with_table(server_url).replace(str(sqld.port), str(proxy.port))
    with closing(LibsqlDatabase(url, timeout_s=1.5)) as database:
        yield proxy, database
    proxy.close()


def test_a_write_cut_off_before_or_after_its_commit_is_never_sent_twice(
    cut: tuple[Proxy, LibsqlDatabase],
) -> None:
    proxy, database = cut
    for fault, applied in ((Fault.REQUEST_LOST, 0), (Fault.ANSWER_LOST, 1), (Fault.SILENCE, 1)):
        proxy.cut(fault)
        with pytest.raises(OutcomeUnknown) as caught:
            database.write([INSERT])
        assert caught.value.retryable
        assert count(database) == applied, fault


def test_a_read_cut_off_is_asked_again(cut: tuple[Proxy, LibsqlDatabase]) -> None:
    proxy, database = cut
    proxy.cut(Fault.ANSWER_LOST)
    assert count(database) == 0
    proxy.cut(Fault.REQUEST_LOST)
    assert count(database) == 0


def test_a_silent_server_is_an_error_in_time(cut: tuple[Proxy, LibsqlDatabase]) -> None:
    proxy, database = cut
    proxy.cut(Fault.SILENCE, times=5)

    def refused() -> None:
        with pytest.raises(Unavailable):
            count(database)

    assert seconds(refused) < 30


@pytest.fixture
def pair() -> Iterator[tuple[Sqld, Sqld]]:
    """A primary of its own and a replica of it."""
    primary = Sqld(scratch("primary"), namespaces=False)
    replica = Sqld(
        scratch("replica"), "--primary-grpc-url", f"http://127.0.0.1:{primary.grpc_port}", namespaces=False
    )
    try:
        with_table(primary.start().url)
        replica.start()
        yield primary, replica
    finally:
        replica.close()
        primary.close()


def test_what_was_written_is_read_from_the_replica(pair: tuple[Sqld, Sqld]) -> None:
    primary, replica = pair
    with closing(LibsqlDatabase(primary.url, replica_url=replica.url)) as database:
        for number in range(1, 100):
            database.write([INSERT])
            assert count(database) == number
        with closing(LibsqlDatabase(replica.url)) as alone:
            while count(alone) < 99:
                time.sleep(0.02)
        primary.kill()
        assert count(database) == 99, "so it was the replica that answered"
        with pytest.raises(Unavailable):
            database.write([INSERT])


def test_a_replica_that_is_dead_or_knows_no_database_is_passed_over(pair: tuple[Sqld, Sqld]) -> None:
    primary, replica = pair
    unknown = f"{replica.url}?namespace=absent"
    for url in (unknown, "http://127.0.0.1:9", replica.url):
        if url == replica.url:
            replica.kill()
        with closing(LibsqlDatabase(primary.url, replica_url=url)) as database:
            database.write([INSERT])
            before = count(database)
            assert seconds(lambda: [count(database) for _ in range(20)]) < 8, "none of them waits for it"
            assert count(database) == before


def test_a_replica_behind_our_write_is_not_believed_but_better_than_nothing(
    pair: tuple[Sqld, Sqld], sqld: Sqld, server_url: str
) -> None:
    """A replica of another primary, which never gets our writes, is behind for as long as a test likes."""
    proxy = Proxy(sqld.port)
    url = with_table(server_url).replace(str(sqld.port), str(proxy.port))
    with closing(LibsqlDatabase(url, replica_url=pair[1].url, timeout_s=8)) as database:
        count(database)  # a replica hands its first question on to its primary
        for _ in range(20):
            database.write([INSERT])
        assert count(database) == 20, "the primary's answer"
        proxy.close()
        assert count(database) == 0, "stale, and all there is"
        assert seconds(lambda: [count(database) for _ in range(20)]) < 1, "it learned whom to ask"
        with pytest.raises(Unavailable):
            database.write([INSERT])


def test_a_primary_that_counts_anew_after_a_crash_does_not_stall_reads(
    pair: tuple[Sqld, Sqld], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "REST_S", 0.05)
    primary, replica = pair
    with closing(LibsqlDatabase(primary.url, replica_url=replica.url)) as database:
        for _ in range(50):
            database.write([INSERT])
        primary.kill()
        primary.start()
        wait_until(lambda: count(database) == 50)
        database.write([INSERT])
        assert count(database) == 51
        time.sleep(0.1)
        assert seconds(lambda: [count(database) for _ in range(20)]) < 8, "none of them waits for it"


def test_kill_9_and_restart_keep_every_acknowledged_write(pair: tuple[Sqld, Sqld]) -> None:
    primary, _ = pair
    acknowledged: list[int] = []
    stop = threading.Event()
    with closing(LibsqlDatabase(primary.url, timeout_s=6)) as database:

        def write() -> None:
            number = 0
            while not stop.is_set():
                number += 1
                try:
                    database.write([Statement("INSERT INTO t (a) VALUES (?)", (number,))])
                    acknowledged.append(number)
                except Unavailable:
                    time.sleep(0.02)

        writer = threading.Thread(target=write)
        writer.start()
        for _ in range(3):
            time.sleep(0.3)
            primary.kill()
            primary.start()
        time.sleep(0.3)
        stop.set()
        writer.join()
        stored = [a for (a,) in database.read([Statement("SELECT a FROM t ORDER BY id")])[0]]
        assert database.read([Statement("PRAGMA integrity_check")])[0] == [("ok",)]
    assert len(stored) == len(set(stored)), "none twice"
    assert set(acknowledged) <= set(stored), "none lost"
    assert len(acknowledged) > 20


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[tuple[Sqld, Keys]]:
    """A server that wants tokens, with a table in it."""
    keys = Keys(tmp_path)
    server = Sqld(scratch("guarded"), "--auth-jwt-key-file", str(keys.public), namespaces=False)
    try:
        server.start()
        with closing(LibsqlDatabase(server.url, token=keys.token())) as database:
            database.write([Statement("CREATE TABLE t (id INTEGER PRIMARY KEY, a)")])
        yield server, keys
    finally:
        server.close()


def test_without_a_valid_token_nothing_is_done_and_the_hint_says_what_is_missing(
    guarded: tuple[Sqld, Keys],
) -> None:
    server, keys = guarded
    for token in ("", "nonsense", keys.token(exp=int(time.time()) - 100)):
        with closing(LibsqlDatabase(server.url, token=token)) as database:
            for call in (lambda: count(database), lambda: database.write([INSERT])):
                with pytest.raises(Unavailable, match="LIVEONE_DATABASE_TOKEN") as caught:
                    call()
                assert not token or token not in str(caught.value)


def test_a_read_only_token_reads_and_says_why_it_does_not_write(guarded: tuple[Sqld, Keys]) -> None:
    server, keys = guarded
    with closing(LibsqlDatabase(server.url, token=keys.token(a="ro"))) as database:
        assert database.read_only
        assert count(database) == 0
        assert isinstance(database.change_token(), int)
        with pytest.raises(ReadOnly, match="only reads"):
            database.write([INSERT])
        database.read_only = False
        with pytest.raises(ReadOnly):
            database.write([INSERT])


def test_tls_is_spoken_and_a_certificate_that_nobody_vouches_for_is_refused(
    sqld: Sqld, server_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, context = certified(tmp_path)
    proxy = Proxy(sqld.port, context)
    url = f"libsql://localhost:{proxy.port}?namespace={parse(server_url).namespace}"
    with (
        closing(LibsqlDatabase(url)) as database,
        pytest.raises(Unavailable, match=r"(?i)certificate verify failed"),
    ):
        database.read([Statement("SELECT 1")])
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with closing(LibsqlDatabase(url)) as database:
        assert database.read([Statement("SELECT 1")]) == [[(1,)]]
    proxy.close()
