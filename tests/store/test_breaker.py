"""A server that hangs (stopped by SIGSTOP): the first call waits a little, the others not at all."""

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from tests.store.sqld import Sqld, scratch

from hrana.errors import Silent
from liveone.errors import BadInput
from liveone.store.database import Statement, StoreError, Unavailable
from liveone.store.libsql.driver import LibsqlDatabase
from liveone.store.outage import is_away, nobody_writes

ONE = [Statement("SELECT 1")]


@pytest.fixture
def own() -> Iterator[Sqld]:
    server = Sqld(scratch("hangs"), namespaces=False)
    try:
        yield server.start()
    finally:
        server.close()


def refused(database: LibsqlDatabase) -> tuple[float, StoreError]:
    began_s = time.monotonic()
    with pytest.raises(StoreError) as error:
        database.read(ONE)
    return time.monotonic() - began_s, error.value


def test_only_the_first_page_waits_for_a_server_that_hangs(own: Sqld) -> None:
    with closing(LibsqlDatabase(own.url)) as database:
        database.read(ONE)
        own.pause()
        first_s, _ = refused(database)
        assert first_s < 30
        rest_s = [refused(database)[0] for _ in range(20)]
        assert sorted(rest_s)[10] < first_s / 2
        assert isinstance(refused(database)[1], Unavailable)
        own.go_on()
        deadline_s = time.monotonic() + 20
        while time.monotonic() < deadline_s:
            try:
                database.read(ONE)
                break
            except StoreError:
                time.sleep(0.1)
        assert database.read(ONE) == [[(1,)]]


def test_writes_fail_at_once_too_while_it_hangs(own: Sqld) -> None:
    with closing(LibsqlDatabase(own.url)) as database:
        database.write([Statement("CREATE TABLE t (n)")])
        own.pause()
        refused(database)
        began_s = time.monotonic()
        with pytest.raises(StoreError):
            database.write([Statement("INSERT INTO t VALUES (1)")])
        assert time.monotonic() - began_s < 5


def test_a_server_that_takes_connections_and_says_nothing_serves_nobody(own: Sqld) -> None:
    with closing(LibsqlDatabase(own.url)) as database:
        own.pause()
        refused(database)
        _, error = refused(database)
        assert isinstance(error.__cause__, Silent)
        assert nobody_writes(database, error)


def test_a_query_that_is_only_slow_is_waited_for(own: Sqld) -> None:
    slow = (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 6000000) SELECT max(i) FROM n"
    )
    with closing(LibsqlDatabase(own.url, timeout_s=60)) as database:
        assert database.read([Statement(slow)]) == [[(6_000_000,)]]


@pytest.mark.parametrize("url", ["http://db.example:8080", "http://192.0.2.1:8080", "libsql://db.lan?tls=0"])
def test_a_token_is_not_sent_in_the_clear_to_another_machine(url: str) -> None:
    with pytest.raises(BadInput, match="in the clear"):
        LibsqlDatabase(url, token="secret")
    LibsqlDatabase(url).close()
    host = url.partition("://")[2].partition(":")[0].partition("?")[0]
    joint = "&" if "?" in url else "?"
    LibsqlDatabase(f"{url}{joint}plain={host}", token="secret").close()
    with pytest.raises(BadInput):
        LibsqlDatabase(f"{url}{joint}plain=other.example", token="secret")


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1", "http://localhost:1", "http://[::1]:1", "https://db.example"]
)
def test_over_tls_or_on_this_machine_it_is(url: str) -> None:
    LibsqlDatabase(url, token="secret").close()


def test_a_renewed_token_is_taken_up(tmp_path: Path) -> None:
    from tests.store.keys import Keys

    from liveone.database.open import open_database
    from liveone.settings import config

    keys = Keys(tmp_path)
    server = Sqld(scratch("renewed"), "--auth-jwt-key-file", str(keys.public), namespaces=False).start()
    secrets = tmp_path / "secrets.toml"
    try:
        secrets.write_text('database_token = "expired"\n')
        secrets.chmod(0o600)
        (tmp_path / "liveone.toml").write_text(f'[database]\nurl = "{server.url}"\n')
        with closing(open_database(config.load(tmp_path / "liveone.toml", {}))) as database:
            with pytest.raises(Unavailable, match="token"):
                database.read(ONE)
            secrets.write_text(f'database_token = "{keys.token()}"\n')
            assert database.read(ONE) == [[(1,)]]
    finally:
        server.close()


def test_a_certificate_that_nobody_signed_is_named_with_what_to_set() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("DEFAULT@SECLEVEL=0")
    context.load_cert_chain(Path(__file__).parents[1] / "vendors" / "old_box.pem")
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def greet() -> None:
            while True:
                try:
                    taken, _ = listening.accept()
                    with contextlib.suppress(OSError), taken:
                        context.wrap_socket(taken, server_side=True)
                except OSError:
                    return

        threading.Thread(target=greet, daemon=True).start()
        url = f"https://127.0.0.1:{listening.getsockname()[1]}"
        with closing(LibsqlDatabase(url, timeout_s=5)) as database, pytest.raises(Unavailable) as refused:
            database.read(ONE)
        listening.shutdown(socket.SHUT_RDWR)
    assert "certificate" in str(refused.value)
    assert "SSL_CERT_FILE" in str(refused.value)
    assert not is_away(refused.value)
