"""A connection to a server does what changeover asks of one to a file; its errors say what was done."""

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest
from tests.changeover.server.copying import contents, contents_of_file
from tests.store.keys import Keys, certified
from tests.store.proxy import Fault, Proxy
from tests.store.sqld import Sqld, hold_lock, scratch

from changeover.database.connect import connect, opened
from changeover.database.schema import catalogue, fingerprint
from changeover.database.server.remote import Remote
from changeover.database.where import Server
from changeover.errors import (
    BadParameter,
    ChangeoverError,
    DatabaseError,
    OutcomeUnknown,
    Unavailable,
)
from hrana.wire import WireStatement


def test_a_cursor_gives_rows_one_by_one_some_at_a_time_and_all(
    either: sqlite3.Connection | Remote,
) -> None:
    cursor = either.execute("SELECT id FROM systems ORDER BY id")
    assert cursor.fetchone() == (1,)
    assert cursor.fetchmany(1) == [(2,)]
    assert cursor.fetchall() == [(3,)]
    assert cursor.fetchone() is None
    assert list(either.execute("SELECT :a, :b", {"a": b"\x00", "b": None})) == [(b"\x00", None)]
    assert not either.in_transaction


def test_a_write_says_how_many_rows_it_changed(either: sqlite3.Connection | Remote) -> None:
    sql = "UPDATE readings SET solar_w = 1 WHERE system_id = ?"
    assert either.execute(sql, (2,)).rowcount == 200
    assert either.execute(sql, (99,)).rowcount == 0


def test_the_schema_and_the_rows_of_both_kinds_read_the_same(
    file: Path, remote: Remote, server: Server
) -> None:
    with closing(connect(file)) as local:
        assert catalogue.read(remote) == catalogue.read(local)
        assert fingerprint.fingerprint(remote) == fingerprint.fingerprint(local)
        every = "SELECT * FROM readings ORDER BY id"
        assert remote.execute(every).fetchall() == local.execute(every).fetchall()
    assert contents(server) == contents_of_file(file)


def test_a_snapshot_is_one_moment(server: Server) -> None:
    counts = [
        WireStatement("SELECT count(*) FROM polling_status"),
        WireStatement("SELECT sum(id) FROM readings"),
    ] * 2
    stop = threading.Event()

    def write() -> None:
        with opened(server) as other:
            while not stop.is_set():
                other.execute("INSERT INTO polling_status (system_id) VALUES (1)")

    writer = threading.Thread(target=write)
    writer.start()
    with opened(server) as reader:
        for _ in range(20):
            first, _, second, _ = reader.snapshot(counts)
            assert first == second
    stop.set()
    writer.join()


def test_everything_that_goes_wrong_says_what_was_done_and_what_to_do(sqld: Sqld, server: Server) -> None:
    proxy = Proxy(sqld.port)
    through = Server(server.url.replace(str(sqld.port), str(proxy.port)))
    insert = "INSERT INTO polling_status (system_id) VALUES (1)"
    for fault, kind in ((Fault.ANSWER_LOST, OutcomeUnknown), (Fault.REQUEST_LOST, OutcomeUnknown)):
        proxy.cut(fault)
        with pytest.raises(kind), opened(through) as connection:
            connection.execute(insert)
    proxy.close()
    with pytest.raises(Unavailable, match="Nothing was done"), opened(through) as connection:
        connection.execute(insert)
    with pytest.raises(Unavailable, match="namespace=NAME"), opened(Server(f"{sqld.url}?namespace=no")) as c:
        c.execute("SELECT 1")
    with pytest.raises(BadParameter), opened(Server(f"{sqld.url}/dev/x")):
        pass
    with pytest.raises(DatabaseError, match="no such table"), opened(server) as connection:
        connection.execute("SELECT * FROM absent")


def test_a_token_in_the_clear_is_refused_with_the_words_that_allow_it() -> None:
    with pytest.raises(BadParameter, match="in the clear") as caught, opened(Server("http://db.lan:1", "t")):
        pass
    assert "?plain=HOST" in caught.value.hint
    with opened(Server("http://db.lan:1?plain=db.lan", "t")):
        pass


def test_a_certificate_that_nobody_vouches_for_is_named_with_what_to_set(
    sqld: Sqld, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, tls = certified(tmp_path)
    with closing(Proxy(sqld.port, tls)) as proxy:
        through = Server(f"https://localhost:{proxy.port}?{server.url.partition('?')[2]}")
        with pytest.raises(Unavailable, match="certificate of database") as caught, opened(through) as remote:
            remote.execute("SELECT 1")
        assert "SSL_CERT_FILE" in caught.value.hint
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        with opened(through) as remote:
            assert remote.execute("SELECT count(*) FROM systems").fetchone() == (3,)


@pytest.mark.slow
def test_a_lock_that_somebody_forgot_is_taken_over_after_five_seconds(server: Server) -> None:
    hold_lock(server.url)
    with opened(server) as connection:
        assert connection.execute("SELECT count(*) FROM systems").fetchone() == (3,)
        assert connection.execute("DELETE FROM polling_status").rowcount == 4


def test_a_token_that_is_missing_or_only_reads_is_named(tmp_path: Path) -> None:
    keys = Keys(tmp_path)
    guarded = Sqld(scratch("c1"), "--auth-jwt-key-file", str(keys.public), namespaces=False)
    try:
        guarded.start()
        with opened(Server(guarded.url, keys.token())) as connection:
            connection.execute("CREATE TABLE t (a)")
        for token, hint in (("", "CHANGEOVER_DATABASE_TOKEN"), (keys.token(a="ro"), "may write")):
            with (
                pytest.raises(ChangeoverError, match=hint) as caught,
                opened(Server(guarded.url, token)) as connection,
            ):
                connection.execute("INSERT INTO t VALUES (1)")
            assert not token or token not in str(caught.value)
    finally:
        guarded.close()


@pytest.mark.parametrize(
    "url", ["https://user:s3cret@db.example.org", "https://db.example.org?authToken=s3cret"]
)
def test_a_url_that_holds_a_secret_is_refused_without_showing_it(url: str) -> None:
    for urls in ((url, ""), ("https://db.example.org", url)):
        with pytest.raises(BadParameter, match="holds a secret") as caught:
            Server(urls[0], admin_url=urls[1])
        assert "s3cret" not in str(caught.value) + caught.value.hint
