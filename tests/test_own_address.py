"""The address that `serve` prints can be opened, wherever it listens."""

from pathlib import Path

import pytest

from liveone.settings.config import Config, ServerConfig
from liveone.wiring.serve import address_to_open, own_address


def config(tmp_path: Path, **server: str) -> Config:
    return Config(folder=tmp_path, path=None, server=ServerConfig(**server))  # type: ignore[arg-type]


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_all_addresses_are_no_address_to_open(tmp_path: Path, host: str) -> None:
    said = address_to_open(config(tmp_path), host, 8080)
    assert said.endswith(":8080/")
    assert "0.0.0.0" not in said
    assert "[::]" not in said
    assert own_address(host) in said


def test_one_address_stays_what_it_is(tmp_path: Path) -> None:
    below = config(tmp_path, base_path="/solar")
    assert address_to_open(below, "127.0.0.1", 80) == "http://127.0.0.1:80/solar/"
    assert address_to_open(config(tmp_path), "fd00::5", 80) == "http://[fd00::5]:80/"


def test_the_configured_address_wins(tmp_path: Path) -> None:
    known = config(tmp_path, public_url="https://solar.example.org/home")
    assert address_to_open(known, "0.0.0.0", 8080) == "https://solar.example.org/home/"
