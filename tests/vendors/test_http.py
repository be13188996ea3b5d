"""Whatever the other side does, a call ends in time, with an error that a stranger can act on."""

import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator

import pytest
from tests.vendors.wire import Heard, Wire, reply

from liveone.vendors.base import ProtocolViolation, RateLimited, TemporaryFailure, VendorError
from liveone.vendors.http import BODY_BYTES_MAX, Http
from liveone.vendors.retry import with_retries
from timed_http.deadline import Deadline


def failing(answer: Callable[[Heard], Iterable[bytes]], seconds_s: float = 0.5) -> tuple[VendorError, float]:
    LEFT.clear()
    with Wire(answer) as wire:
        http = Http(wire.url, verify_tls=True)
        started_s = time.monotonic()
        with pytest.raises(VendorError) as caught:
            http.request("GET", "/x", deadline=Deadline(seconds_s))
        took_s = time.monotonic() - started_s
        http.close()
        LEFT.set()
    assert caught.value.hint
    return caught.value, took_s


LEFT = threading.Event()
"""Set when nobody waits for the server any more."""
LONG_S = 60.0


def hang(heard: Heard) -> Iterator[bytes]:
    LEFT.wait(LONG_S)
    yield b""


def drip_head(heard: Heard) -> Iterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\nx: "
    for _ in range(int(LONG_S / 0.05)):
        time.sleep(0.05)
        yield b"x"


def drip_body(heard: Heard) -> Iterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n"
    for _ in range(int(LONG_S / 0.05)):
        time.sleep(0.05)
        yield b"x"


def flood(heard: Heard) -> Iterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
    for _ in range(10_000):
        yield b"10000\r\n" + b"x" * 65_536 + b"\r\n"


@pytest.mark.parametrize("answer", [hang, drip_head, drip_body])
def test_a_server_that_hangs_or_drips_is_left_at_the_deadline(
    answer: Callable[[Heard], Iterable[bytes]],
) -> None:
    error, took_s = failing(answer)
    assert isinstance(error, TemporaryFailure)
    assert "in time" in str(error)
    assert 0.4 < took_s < LONG_S / 2


def test_a_connection_that_worked_before_obeys_the_next_deadline_too() -> None:
    answers = iter([reply(200, "{}")])
    with Wire(lambda heard: next(answers, None) or drip_head(heard)) as wire:
        http = Http(wire.url, verify_tls=True)
        http.request("GET", "/x", deadline=Deadline(2))
        started_s = time.monotonic()
        with pytest.raises(TemporaryFailure):
            http.request("GET", "/x", deadline=Deadline(0.3))
        assert time.monotonic() - started_s < LONG_S / 2
        assert wire.connections == 1
        http.close()


def test_a_server_that_never_accepts_is_left_at_the_deadline() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=1) as silent:
        http = Http(f"https://127.0.0.1:{silent.getsockname()[1]}", verify_tls=False)
        started_s = time.monotonic()
        with pytest.raises(TemporaryFailure, match="in time"):
            http.request("GET", "/x", deadline=Deadline(0.4))
        assert time.monotonic() - started_s < LONG_S / 2
        http.close()


def test_a_flood_is_cut_off() -> None:
    error, _ = failing(flood, seconds_s=5)
    assert isinstance(error, ProtocolViolation)
    assert str(BODY_BYTES_MAX) in str(error)


@pytest.mark.parametrize(
    "sent",
    [
        [b""],
        [b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"],
        [b"garbage\r\n\r\n"],
        [b"HTTP/1.1 200 OK\r\ncontent-length: -5\r\n\r\n"],
        [b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n"],
        [b"HTTP/1.1 999999 OK\r\n\r\n"],
        [b"HTTP/1.1 200 OK\r\nbad header\r\n\r\n"],
    ],
)
def test_an_answer_that_breaks_off_or_is_not_http_may_be_asked_for_again(sent: list[bytes]) -> None:
    def answer(_: Heard) -> Iterator[bytes]:
        yield from sent
        raise OSError("hang up")

    error, _ = failing(answer, seconds_s=2)
    assert isinstance(error, TemporaryFailure)


def test_a_closed_port_and_an_unknown_name_are_told_apart() -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    for url, said in ((f"http://127.0.0.1:{port}", "refused"), ("http://no-such-host.invalid", "name")):
        http = Http(url, verify_tls=True)
        with pytest.raises(TemporaryFailure, match=said) as caught:
            http.request("GET", "/x", deadline=Deadline(5))
        assert "cannot reach" in str(caught.value)
        http.close()


def test_server_errors_may_be_retried() -> None:
    for status in (500, 502, 503, 504):
        error, _ = failing(lambda _, status=status: reply(status, "trouble"))  # type: ignore[misc]
        assert isinstance(error, TemporaryFailure)
        assert str(status) in str(error)


@pytest.mark.parametrize(
    ("status", "headers", "wait_s"),
    [
        (429, [("Retry-After", "7")], 7),
        (429, [], 60),
        (429, [("Retry-After", "soon")], 60),
        (429, [("Retry-After", "999999999")], 3600),
        (503, [("Retry-After", "30")], 30),
        (
            429,
            [("Date", "Wed, 21 Oct 2015 07:28:00 GMT"), ("Retry-After", "Wed, 21 Oct 2015 07:29:30 GMT")],
            90,
        ),
    ],
)
def test_a_server_that_asks_for_patience_gets_it(
    status: int, headers: list[tuple[str, str]], wait_s: float
) -> None:
    with Wire(lambda _: reply(status, "", *headers)) as wire:
        http = Http(wire.url, verify_tls=True)
        with pytest.raises(RateLimited) as caught:
            http.request("GET", "/x", deadline=Deadline(2))
        assert caught.value.retry_after_s == wait_s
        with pytest.raises(RateLimited, match="nothing was sent") as again:
            http.request("GET", "/x", deadline=Deadline(2))
        assert again.value.retry_after_s == pytest.approx(wait_s, abs=1)
        assert len(wire.heard) == 1
        http.close()


def test_redirects_are_not_followed() -> None:
    with Wire(lambda _: reply(302, "", ("Location", "/elsewhere"))) as wire:
        http = Http(wire.url, verify_tls=True)
        assert http.request("GET", "/x", deadline=Deadline(2)).status == 302
        assert wire.paths() == ["/x"]
        http.close()


def test_connections_are_kept_and_shared_by_threads() -> None:
    with Wire(lambda _: reply(200, "{}")) as wire:
        http = Http(wire.url, verify_tls=True)

        def ask() -> None:
            for _ in range(20):
                http.request("GET", "/x", deadline=Deadline(5))

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(wire.heard) == 80
        assert wire.connections <= 4
        http.close()


def test_retries_stop_at_three_attempts_and_at_the_deadline() -> None:
    pauses: list[float] = []
    attempts: list[float] = []

    def fail(deadline: Deadline) -> None:
        attempts.append(deadline.left_s())
        raise TemporaryFailure("no")

    with pytest.raises(TemporaryFailure):
        with_retries(fail, timeout_s=10, pause=pauses.append)
    assert len(attempts) == 3
    assert all(left_s <= 5 for left_s in attempts)
    assert 0.25 <= pauses[0] <= 0.5 <= pauses[1] <= 1
    attempts.clear()
    with pytest.raises(TemporaryFailure):
        with_retries(fail, timeout_s=0.1, pause=pauses.append)
    assert len(attempts) == 1


def test_only_temporary_failures_are_retried() -> None:
    for error in (RateLimited("slow"), ProtocolViolation("what")):
        attempts: list[Deadline] = []

        def fail(deadline: Deadline, error: VendorError = error, attempts: list[Deadline] = attempts) -> None:
            attempts.append(deadline)
            raise error

        with pytest.raises(type(error)):
            with_retries(fail, timeout_s=5, pause=lambda _: None)
        assert len(attempts) == 1
