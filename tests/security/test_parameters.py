"""What a request says in its address and headers cannot hold the server up, however long it is."""

import time
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import quote

import httpx2
import pytest
from tests.web.support import COOKIE, SetClock, seeded, services, serving

from liveone.wiring.repairs import ReadingRepairs

SHORT, LONG = 1_500, 24_000
"""Characters: sixteen times as many may take some sixteen times as long."""
ALLOWED = 48

HISTORY = "/api/history?systemId=1&interval=5m&last=1d"
ADDRESSES = {
    "fields again and again": (f"{HISTORY}&fields=", "solar,"),
    "fields that are none": (f"{HISTORY}&fields=", "a.b,"),
    "commas": (f"{HISTORY}&fields=", ","),
    "digits of last": ("/api/history?systemId=1&interval=1d&fields=solar&last=", "9"),
    "spans of last": ("/api/history?systemId=1&interval=1d&fields=solar&last=", "1d"),
    "a time of many digits": ("/api/history?systemId=1&interval=5m&fields=solar&startTime=", "2"),
    "a time of many dashes": ("/api/readings?startTime=", "-"),
    "a day": ("/api/coverage?startTime=2025-08-17&endTime=", "2025-08-17"),
    "points": ("/api/history?systemId=1&interval=auto&fields=solar&last=1d&points=", "9"),
    "an interval": ("/api/history?systemId=1&fields=solar&interval=", "5"),
    "a system": ("/api/data?systemId=", "9"),
    "a format": (f"{HISTORY}&fields=solar&format=", "csv"),
    "a search": ("/?q=", "aA"),
    "a language": ("/?lang=", "de-"),
    "parameters": ("/api/data?", "a=b&"),
    "a zone": ("/api/admin/systems/1/import?dryRun=true&timezone=", "Europe/"),
    "maps": ("/api/admin/systems/1/import?dryRun=true", "&map=1=solar_w,"),
}
HEADERS = {
    "accept": "text/csv;q=0.1, ",
    "accept-language": "de-CH;q=0.9, ",
    "accept-encoding": "gzip;q=0.1, ",
    "if-none-match": 'W/"x", ',
    "cookie": "lang=de; ",
    "authorization": "Bearer a",
    "last-event-id": "9",
    "origin": "http://a.",
    "x-forwarded-for": "10.0.0.1, ",
}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx2.Client]:
    store = seeded(tmp_path_factory.mktemp("parameters") / "liveone.db", days=1)
    with serving(replace(services(store), repairs=ReadingRepairs(store, SetClock()))) as found:
        yield found


def least_s(client: httpx2.Client, method: str, address: str, headers: dict[str, str]) -> float:
    """The processor time of the whole process: client, server and database."""

    def once_s() -> float:
        began_s = time.process_time()
        answer = client.request(method, address, headers=headers)
        assert answer.status_code not in (500, 503), answer.text[:200]
        return time.process_time() - began_s

    return min(once_s() for _ in range(3))


@pytest.mark.parametrize("name", ADDRESSES)
def test_a_long_address_takes_time_in_proportion(client: httpx2.Client, name: str) -> None:
    begin, letters = ADDRESSES[name]
    method = "POST" if "/import" in begin else "GET"
    text = quote(letters, safe=",&=:/")
    taken = [
        least_s(client, method, begin + text * (size // len(text)), {**COOKIE, "accept": "text/html"})
        for size in (SHORT, LONG)
    ]
    assert taken[1] < ALLOWED * max(taken[0], 0.002), taken


@pytest.mark.parametrize("name", HEADERS)
@pytest.mark.parametrize("address", [f"{HISTORY}&fields=solar", "/"])
def test_a_long_header_takes_time_in_proportion(client: httpx2.Client, name: str, address: str) -> None:
    letters = HEADERS[name]
    taken = []
    for size in (SHORT, LONG):
        value = letters * (size // len(letters))
        headers = {
            **COOKIE,
            name: f"{COOKIE['cookie']}; {value}".strip() if name == "cookie" else value.strip(),
        }
        taken.append(least_s(client, "GET", address, headers))
    assert taken[1] < ALLOWED * max(taken[0], 0.002), taken
