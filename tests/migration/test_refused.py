"""An upgrade that is refused leaves no trace: no poller was started, nothing was written."""

import hashlib
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.migration import layouts, stage
from tests.migration.layouts import LAYOUTS
from tests.migration.stage import SETS, Stage


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Stage]:
    """A database that drizzle-kit spelled, two of whose systems share a number; LiveOne does not run."""
    past = stage.history(tmp_path, days=1)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with stage.set_up(tmp_path / "live", past, port=port) as found:
        found.database.unlink()
        layouts.respell(past.database, found.database, LAYOUTS["drizzle"])
        layouts.tell(found.database, "UPDATE systems SET system_number = '1586' WHERE id = 2")
        yield found


def content(home: Stage) -> str:
    return hashlib.sha256(home.database.read_bytes()).hexdigest()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ((*SETS, "--confirm", "people"), 4, "to keep this one: --set collision=keep:2"),
        (
            (*SETS, "--set", "collision=keep:3", "--confirm", "people"),
            4,
            "to keep this one: --set collision=keep:1",
        ),
        (("--set", "owner.ada=user_2adaAda", "--confirm", "people"), 4, "--set owner.simon=ACCOUNT_ID"),
        ((*SETS, "--set", "collision=keep:1"), 6, "--confirm people"),
    ],
)
def test_it_says_what_settles_it_and_neither_polls_nor_writes(
    home: Stage, words: tuple[str, ...], code: int, said: str
) -> None:
    before = content(home)
    done = home.command("liveone", "upgrade", *words)
    assert done.code == code, done.out + done.err
    assert said in done.out + done.err
    assert content(home) == before
    assert not (home.folder / "upgrade-serve.log").exists()
    assert all(not home.portal.log.clean_times(site) for site in ("1586", "1587", "1588"))


def test_doctor_names_both_with_what_settles_them(home: Stage) -> None:
    said = home.command("liveone", "doctor").out
    assert (
        "LOOK orphans      7 readings, 2 five-minute rows, 2 days and 2 polling states of no system" in said
    )
    assert "liveone upgrade sets them aside" in said
    assert "LOOK duplicates   systems 1 and 2 share number 1586" in said
    assert "--set collision=keep:1 or --set collision=keep:2" in said
