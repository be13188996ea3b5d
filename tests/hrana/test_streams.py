"""A stream is kept only while a cursor is read; should it expire then, nothing is lost or left open by it."""

import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from hrana import wire
from hrana.address import parse
from hrana.client import Client
from hrana.errors import StreamExpired
from hrana.wire import Json, WireStatement
from timed_http.deadline import Deadline

IDLE_S = 11.0
"""The server gives a stream up after ten seconds."""
NUMBERS = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < {}) SELECT x FROM n"


@pytest.fixture
def client(server_url: str) -> Iterator[Client]:
    with closing(Client(parse(server_url), agent="tests")) as found:
        yield found


def executed(client: Client, sql: str) -> list[wire.Row]:
    found = client.pipeline(wire.execute(WireStatement(sql)), Deadline(5))
    return wire.answer(found["result"]).rows


def _execute(sql: str) -> Json:
    return wire.execute(WireStatement(sql))


def steps(*sqls: str) -> list[Json]:
    return [{"stmt": {"sql": sql}} for sql in sqls]


def numbers(entries: Iterator[Json]) -> list[int]:
    return [int(entry["row"][0]["value"]) for entry in entries if entry["type"] == "row"]


def test_a_cursor_that_is_read_or_left_gives_its_stream_up(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    given_up: list[str] = []
    release = client._release

    def released(baton: str) -> None:
        given_up.append(baton)
        release(baton)

    monkeypatch.setattr(client, "_release", released)
    assert numbers(client.cursor({"steps": steps(NUMBERS.format(9))}, Deadline(5))) == list(range(1, 10))
    left = client.cursor({"steps": steps(NUMBERS.format(100_000))}, Deadline(5))
    with closing(left):  # type: ignore[type-var]
        assert next(left)["type"] == "step_begin"
    assert len(set(given_up)) == 2
    for baton in given_up:
        with pytest.raises(Exception, match=r"baton|expired"):
            client._pipeline({"baton": baton, "requests": []}, Deadline(5))


@pytest.mark.slow
def test_a_stream_that_was_idle_too_long_is_named_and_a_slow_reader_gets_every_row(client: Client) -> None:
    """One wait for both: a transaction left open, and a reader that stops in the middle."""
    executed(client, "CREATE TABLE t (a)")
    begun = [_execute("BEGIN IMMEDIATE"), _execute("INSERT INTO t VALUES (1)")]
    baton = client._pipeline({"requests": begun}, Deadline(5))["baton"]
    wide = NUMBERS.format(500).replace("SELECT x FROM", "SELECT x, hex(zeroblob(20000)) FROM")
    slow = client.cursor({"steps": steps("SELECT 0", wide)}, Deadline(60), silence_s=5)
    assert next(slow)["type"] == "step_begin"
    time.sleep(IDLE_S)
    commit = [_execute("COMMIT"), wire.CLOSE]
    with pytest.raises(StreamExpired, match="rolled back"):
        client._pipeline({"baton": baton, "requests": commit}, Deadline(5))
    assert executed(client, "SELECT count(*) FROM t") == [(0,)], "what was open in the stream is undone"
    assert numbers(slow) == list(range(501))
    executed(client, "INSERT INTO t VALUES (2)")
