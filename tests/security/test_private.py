"""Files are their owner's alone, text from elsewhere is shown and not obeyed, and what is wrong is said."""

import os
import shlex
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest
from click.testing import CliRunner
from tests.web.support import COOKIE, seeded, services, serving

from liveone.cli.context import pasted, shown
from liveone.cli.root import root
from liveone.cli.upgrade_words import in_our_commands, owners
from liveone.collect.queue import disk_reserve
from liveone.collect.queue.spool import Spool, SpoolFailed
from liveone.domain.reading import Reading
from liveone.errors import BadInput
from liveone.store import systems
from liveone.store.database import Foreign, Statement
from liveone.store.readings import Recorded
from liveone.store.store import open_store

HUGE = "99999999999999999999"
HOSTILE = (
    '"><script>',
    "$(id)",
    "`id`",
    "a; rm -rf /",
    "'; id; '",
    "\x1b[31mred\x1b]0;title\x07",
    "a\nb",
    "\u202e",
)


@pytest.fixture
def umask_022() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.mark.usefixtures("umask_022")
def test_whatever_is_written_is_its_owners_alone(tmp_path: Path) -> None:
    folder = tmp_path / "home"
    done = CliRunner().invoke(root, ["init", str(folder)])
    assert done.exit_code == 0, done.output
    os.umask(0o022)
    done = CliRunner().invoke(root, ["--config", str(folder / "liveone.toml"), "backup"])
    assert done.exit_code == 0, done.output
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert len(files) >= 4
    assert {path: oct(path.stat().st_mode & 0o777) for path in files} == dict.fromkeys(files, "0o600")


@pytest.mark.usefixtures("umask_022")
def test_a_database_and_its_journals_are_private_whoever_makes_them(tmp_path: Path) -> None:
    store = seeded(tmp_path / "liveone.db", days=1)
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.glob("liveone.db*")}
    store.close()
    assert set(modes.values()) == {0o600}
    assert "liveone.db-wal" in modes


@pytest.mark.parametrize("name", HOSTILE)
def test_a_command_to_paste_is_quoted_and_obeys_nothing(name: str) -> None:
    command = pasted("liveone", "systems", "add", "--name", name)
    assert command.isprintable()
    assert shlex.split(command)[-1] == (name if name.isprintable() else shown(name))


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx2.Client]:
    with serving(services(seeded(tmp_path_factory.mktemp("ids") / "liveone.db", days=1))) as found:
        found.headers |= COOKIE
        yield found


def test_a_system_id_of_any_length_is_nothing_worse_than_unknown(client: httpx2.Client) -> None:
    described = client.get("/openapi.json").json()["paths"]
    asked = 0
    for path, methods in described.items():
        for method in methods:
            numbers = [part for part in path.split("/") if part.endswith("_id}")]
            url = path
            for part in numbers:
                url = url.replace(part, HUGE)
            body = None if method in ("get", "delete") and not methods[method].get("requestBody") else {}
            if numbers:
                asked += 1
                status = client.request(method, url, json=body, timeout=20).status_code
                assert 400 <= status < 500 or status == 503, f"{method} {url} {status}"
    assert asked >= 4
    for url in (f"/api/data?systemId={HUGE}", f"/dashboard/{HUGE}", f"/api/stream?systemId={HUGE}"):
        assert 400 <= client.get(url).status_code < 500


@pytest.mark.parametrize(
    "words",
    [
        ("systems", "remove", HUGE, "--yes"),
        ("systems", "test", HUGE),
        ("systems", "edit", HUGE, "--name", "x"),
        ("import", "readings.csv", "--system", HUGE),
        ("export", "readings", "out.csv", "--system", HUGE),
        ("aggregate", "--catchup", "--system", HUGE),
    ],
)
def test_a_command_says_so_in_a_sentence(tmp_path: Path, words: tuple[str, ...]) -> None:
    seeded(tmp_path / "liveone.db", days=1).close()
    (tmp_path / "liveone.toml").write_text("")
    (tmp_path / "readings.csv").write_text("time,solar_w\n2025-08-17T00:00:00Z,1\n")
    adapted = [str(tmp_path / word) if word.endswith(".csv") else word for word in words]
    done = CliRunner().invoke(root, ["--config", str(tmp_path / "liveone.toml"), *adapted])
    assert done.exception is not None
    assert not isinstance(done.exception, OverflowError | TypeError), done.exception


ADOPTED = """INSERT INTO systems (id, owner_clerk_user_id, vendor_type, vendor_site_id, display_name)
VALUES (9, 'a', 'none', 'x', ?1)"""


@pytest.mark.parametrize("system_id", ["9", "77"])
def test_the_name_of_an_adopted_system_breaks_no_line(tmp_path: Path, system_id: str) -> None:
    name = "Home\nliveone: all is well\x1b[31m"
    with closing(seeded(tmp_path / "liveone.db", days=1)) as store:
        store.database.write([Statement(ADOPTED, (name,))])
        with pytest.raises(BadInput) as refused:
            systems.set_active(store, 9, active=True)
    assert "Home\\nliveone" in str(refused.value)
    (tmp_path / "liveone.toml").write_text("")
    words = ["--config", str(tmp_path / "liveone.toml"), "systems", "test", system_id]
    said = str(CliRunner().invoke(root, words).exception)
    assert "Home\\nliveone" in said
    assert not [line for line in said.splitlines() if line.startswith("liveone: all")]


def test_a_backup_may_not_be_cached(tmp_path: Path) -> None:
    from liveone.web.routes.backups import download

    class Folder:
        def file(self, name: str) -> Path:
            return tmp_path / name

    (tmp_path / "backup.db").write_text("x")
    answer = download(Folder(), "backup.db")  # type: ignore[arg-type]
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("trouble", ["spool_in_memory", "database_refuses", "spool_held"])
def test_health_is_degraded_while_readings_are_not_where_they_belong(tmp_path: Path, trouble: str) -> None:
    well = services(seeded(tmp_path / "liveone.db", days=1))
    unwell = replace(well, collector_status=lambda: {trouble: 3, "problems": ("system Home of Ann",)})
    with serving(unwell) as client:
        answer = client.get("/api/health")
        assert answer.status_code == 200
        assert answer.json()["status"] == "degraded"
        assert "Ann" not in answer.text
    with serving(well) as client:
        assert client.get("/api/health").json()["status"] == "ok"


def reading(at: int) -> Recorded:
    return Recorded(1, Reading(at, at, 1, 1, 0, 1, 1, 0, 50, 0, None, 0), None, {}, at)


def test_readings_take_the_room_that_was_kept_when_the_disk_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = Spool(tmp_path / "spool")
    kept = tmp_path / "spool" / disk_reserve.NAME
    assert kept.stat().st_blocks * 512 >= disk_reserve.RESERVE_BYTES
    write = os.write

    def full(descriptor: int, data: bytes) -> int:
        if kept.exists():
            raise OSError(28, "No space left on device")
        return write(descriptor, data)

    monkeypatch.setattr(os, "write", full)
    spool.append([reading(1)])
    assert spool.waiting == 1
    assert not kept.exists()
    front = spool.front()
    assert front is not None
    spool.drop(front[0])
    assert kept.exists()

    def broken(descriptor: int, data: bytes) -> int:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "write", broken)
    with pytest.raises(SpoolFailed):
        spool.append([reading(2)])
    assert kept.exists()


def test_a_target_that_was_filled_in_part_says_to_run_the_move_again(tmp_path: Path) -> None:
    seeded(tmp_path / "liveone.db", days=1).close()
    with closing(sqlite3.connect(tmp_path / "liveone.db")) as connection:
        connection.execute("CREATE TABLE liveone_move (source TEXT NOT NULL)")
    with pytest.raises(Foreign, match="Run the move again"):
        open_store(tmp_path / "liveone.db")


def test_catching_up_sees_readings_that_have_no_five_minute_rows(tmp_path: Path) -> None:
    store = seeded(tmp_path / "liveone.db", days=2)
    rows = dict(store.read("storage_rows"))["readings_agg_5m"]
    store.close()
    with closing(sqlite3.connect(tmp_path / "liveone.db")) as connection:
        connection.execute("DELETE FROM readings_agg_5m WHERE interval_end % 7200 = 0")
        connection.commit()
    (tmp_path / "liveone.toml").write_text("")
    done = CliRunner().invoke(root, ["--config", str(tmp_path / "liveone.toml"), "aggregate", "--catchup"])
    assert done.exit_code == 0, done.output
    with closing(open_store(tmp_path / "liveone.db")) as again:
        assert dict(again.read("storage_rows"))["readings_agg_5m"] == rows


def test_advice_of_changeover_is_given_as_liveones_commands() -> None:
    said = (
        "Begin: changeover run plans/0002.plan.md. Or changeover rollback x/plan.md, then changeover resume."
        " Then changeover finish x/plan.md --database /srv/live.db."
    )
    assert in_our_commands(said) == (
        "Begin: liveone upgrade. Or liveone upgrade --rollback, then liveone upgrade --resume."
        " Then liveone upgrade --finish."
    )
    mended = "changeover rollback x/plan.md --with MENDED.sql"
    assert in_our_commands(mended) == mended
    placed = "changeover rollback x/plan.md --database live.db --with MENDED.sql"
    assert in_our_commands(placed) == placed
    assert "liveone users add" in owners({"simon": 2})
