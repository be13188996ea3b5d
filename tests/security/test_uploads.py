"""A file that was made to fill the memory is refused by a sentence, before it has."""

import tracemalloc
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest
from tests.web.support import COOKIE, SetClock, seeded, services, serving

from liveone.errors import BadInput
from liveone.transfer.readings_in import ReadingsFile
from liveone.wiring.repairs import ReadingRepairs

MANY = 8_000_000
KEPT_BYTES_MAX = 3_000_000
HEADER = b"inverter_time,load_w\n"
BOMBS = {
    "a line without an end.csv": HEADER + b"1755475331," + b"1" * MANY,
    "a header without an end.csv": b"a" * MANY,
    "millions of columns.csv": b"," * MANY,
    "millions of cells.csv": HEADER + b"," * MANY,
    "a quotation without an end.csv": HEADER + b'1755475331,"' + b"1\n" * 20_000,
    "a line without an end.json": b"[\n{}\n" + b'{"load_w":' + b" " * MANY,
}
NESTED = {
    "nested.json": b"[" * 100_000,
    "nested in a row.json": b'[\n{"inverter_time":' + b"[" * 100_000,
    "a number without an end.json": b'[{"inverter_time":' + b"9" * 100_000 + b"}]",
}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx2.Client]:
    store = seeded(tmp_path_factory.mktemp("uploads") / "liveone.db", days=1)
    repairs = ReadingRepairs(store, SetClock())
    with serving(replace(services(store), repairs=repairs)) as found:
        found.headers |= COOKIE
        yield found
    store.close()


@pytest.mark.parametrize("name", BOMBS)
def test_of_a_file_that_swells_little_is_kept(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(BOMBS[name])
    tracemalloc.start()
    try:
        with suppress(BadInput):
            assert list(ReadingsFile(path).rows()) == []
        assert tracemalloc.get_traced_memory()[1] < KEPT_BYTES_MAX
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", BOMBS | NESTED)
def test_whoever_sends_one_hears_what_is_wrong_with_it(client: httpx2.Client, name: str) -> None:
    answer = client.post("/api/admin/systems/1/import", params={"name": name}, content=(BOMBS | NESTED)[name])
    said = answer.json()
    assert answer.status_code == 400 or (said["bad"] > 0 and said["new"] == 0), said
    assert len(answer.content) < 5_000


@pytest.mark.parametrize("body", [b"[" * 60_000, b'{"a":' * 12_000, b'{"password":' + b"9" * 60_000 + b"}"])
@pytest.mark.parametrize("path", ["/api/auth/login", "/api/admin/systems", "/api/cron/daily"])
def test_a_body_of_any_depth_is_refused(client: httpx2.Client, path: str, body: bytes) -> None:
    answer = client.post(path, content=body, headers={"content-type": "application/json"})
    assert answer.status_code in (400, 422)
    assert len(answer.content) < 5_000
