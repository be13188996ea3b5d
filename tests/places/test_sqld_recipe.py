"""The page on a libSQL server of one's own, run: keys, certificates, both units, TLS, and a promotion."""

import base64
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx2
import pytest
from tests.browser.test_proxies import proxied
from tests.collect.support import START_AT, recorded
from tests.ports import free_port
from tests.store.conftest import a_system
from tests.store.sqld import binary, scratch, tied_to_us

from liveone.store import readings
from liveone.store.database import StoreError
from liveone.store.libsql.create import create_tables
from liveone.store.libsql.driver import LibsqlDatabase
from liveone.store.store import Store

pytestmark = [pytest.mark.apart, pytest.mark.slow]

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/operations/sqld.md").read_text(encoding="utf-8")
UNITS = ROOT / "deploy/sqld"


def block(name: str) -> str:
    found = re.search(rf"```{name}\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None, name
    return found[1]


def command_of(unit: str) -> list[str]:
    """What the unit runs."""
    joined = (UNITS / unit).read_text().replace("\\\n", " ")
    (line,) = re.findall(r"^ExecStart=(.*)$", joined, re.MULTILINE)
    return shlex.split(line)


class Node:
    """What a unit starts, with files and addresses of the test's own in the place of its."""

    def __init__(self, etc: Path, data: Path, unit: str, **places: str) -> None:
        self.port, self.admin_port, self.grpc_port = free_port(), free_port(), free_port()
        words = {
            "/usr/local/bin/sqld": str(binary()),
            "/var/lib/sqld": str(data),
            "127.0.0.1:8090": f"127.0.0.1:{self.port}",
            "127.0.0.1:8091": f"127.0.0.1:{self.admin_port}",
            "0.0.0.0:5001": f"127.0.0.1:{self.grpc_port}",
            **places,
        }
        self.command = [
            *tied_to_us(),
            *(words.get(word, word).replace("/etc/sqld", str(etc)) for word in command_of(unit)),
        ]
        self.log = data.with_suffix(".log")
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}?namespace=house"

    @contextmanager
    def running(self) -> Iterator["Node"]:
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(self.command, stdout=log, stderr=log)
        try:
            wait_for(self._answers)
            yield self
        finally:
            self.kill()

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.log.read_text()
        try:
            return httpx2.get(f"http://127.0.0.1:{self.port}/health", timeout=5).status_code == 200
        except httpx2.HTTPError:
            return False


def wait_for(what: Callable[[], bool], within_s: float = 60.0) -> None:
    end_s = time.monotonic() + within_s
    while not what():
        assert time.monotonic() < end_s, "this did not happen in time"
        time.sleep(0.05)


def shell(text: str, folder: Path) -> None:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    subprocess.run(
        ["bash", "-euc", text],
        cwd=folder,
        env={**os.environ, "PATH": path},
        check=True,
        capture_output=True,
        timeout=120,
    )


@pytest.fixture(scope="module")
def etc(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keys, tokens and certificates, by the page's own commands."""
    if shutil.which("openssl") is None:
        assert os.environ.get("CI") != "true", "openssl is missing: run .ci/debian-packages"
        pytest.skip("openssl is not installed")
    folder = tmp_path_factory.mktemp("etc")
    for name in ("keys", "certificates"):
        shell(block(f"sh {name}").replace("rsa:3072", "rsa:2048"), folder)
    assert (folder / "key.pem").stat().st_mode & 0o077 == 0
    return folder


@pytest.fixture
def data() -> Iterator[Path]:
    folder = scratch("recipe")
    folder.mkdir()
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def token(etc: Path, name: str) -> str:
    return (etc / f"{name}.token").read_text().strip()


def count_at(url: str, key: str) -> int:
    """Readings as that server has them; -1 while it has no database yet."""
    try:
        with closing(LibsqlDatabase(url, token=key)) as database, closing(Store(database)) as store:
            return readings.count(store, 1)
    except StoreError:
        return -1


def add_reading(url: str, key: str, minute: int) -> None:
    with closing(LibsqlDatabase(url, token=key)) as database, closing(Store(database)) as store:
        readings.record(store, [recorded(1, START_AT + 60 * minute)])


def test_primary_replica_tokens_and_the_promotion_of_the_replica(etc: Path, data: Path) -> None:
    owner, house, reader = (token(etc, name) for name in ("all", "house", "reader"))
    primary = Node(etc, data / "primary", "sqld.service")
    replica = Node(
        etc,
        data / "replica",
        "sqld-replica.service",
        **{"https://primary.example.org:5001": f"https://localhost:{primary.grpc_port}"},
    )
    with primary.running():
        for name in ("house", "other"):
            made = httpx2.post(
                f"http://127.0.0.1:{primary.admin_port}/v1/namespaces/{name}/create", json={}, timeout=30
            )
            assert made.status_code == 200, made.text
        with closing(LibsqlDatabase(primary.url, token=house)) as database:
            create_tables(database)
            with closing(Store(database)) as store:
                a_system(store)
        add_reading(primary.url, house, 0)
        guarded(primary, owner, house, reader)
        with replica.running():
            wait_for(lambda: count_at(replica.url, reader) == 1)
            primary.kill()
            assert count_at(replica.url, reader) == 1, "it serves reads alone"
    promoted = Node(etc, data / "replica", "sqld.service")
    with promoted.running():
        assert count_at(promoted.url, reader) == 1
        add_reading(promoted.url, house, 1)
        follower = Node(
            etc,
            data / "second",
            "sqld-replica.service",
            **{"https://primary.example.org:5001": f"https://localhost:{promoted.grpc_port}"},
        )
        with follower.running():
            wait_for(lambda: count_at(follower.url, reader) == 2)


def guarded(primary: Node, owner: str, house: str, reader: str) -> None:
    """What each token opens."""
    other = primary.url.replace("=house", "=other")
    assert count_at(primary.url, owner) == count_at(primary.url, reader) == 1
    for url, key in ((other, house), (primary.url, ""), (primary.url, f"{house}x")):
        with pytest.raises(StoreError), closing(LibsqlDatabase(url, token=key)) as database:
            Store(database)
    insert = {"requests": [{"type": "execute", "stmt": {"sql": "CREATE TABLE t (x)"}}]}
    name = {"x-namespace-bin": base64.b64encode(b"house").decode().rstrip("=")}
    for key, status in ((reader, 403), (house, 200)):
        headers = {"authorization": f"Bearer {key}", **name}
        asked = httpx2.post(
            f"http://127.0.0.1:{primary.port}/v3/pipeline", json=insert, headers=headers, timeout=30
        )
        assert asked.status_code == status, asked.text
    with closing(LibsqlDatabase(primary.url, token=reader)) as database:
        assert database.read_only, "LiveOne knows without asking"
    with closing(LibsqlDatabase(other, token=owner)) as database:
        create_tables(database)


def test_through_nginx_with_tls_the_token_is_never_in_the_clear(
    etc: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    primary = Node(etc, data / "primary", "sqld.service")
    with primary.running():
        httpx2.post(f"http://127.0.0.1:{primary.admin_port}/v1/namespaces/house/create", json={}, timeout=30)
        part = block("nginx").replace("127.0.0.1:8090", "127.0.0.1:8080")
        with proxied("nginx", part, tmp_path, primary.port) as front:
            monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "own.pem"))
            with closing(LibsqlDatabase(f"{front}?namespace=house", token=token(etc, "house"))) as database:
                create_tables(database)
            assert count_at(f"{front}?namespace=house", token(etc, "reader")) == 0


@pytest.mark.parametrize("unit", ["sqld.service", "sqld-replica.service"])
def test_systemd_understands_the_units_and_calls_them_well_hardened(unit: str, tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        assert os.environ.get("CI") != "true", "systemd-analyze is missing: run .ci/debian-packages"
        pytest.skip("systemd-analyze is not installed")
    copy = tmp_path / unit
    copy.write_text((UNITS / unit).read_text().replace("/usr/local/bin/sqld", sys.executable))
    said = subprocess.run(["systemd-analyze", "verify", copy], capture_output=True, text=True, timeout=120)
    assert unit not in said.stderr
    judged = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", copy], capture_output=True, text=True, timeout=120
    )
    level = re.search(r"exposure level for \S+: ([\d.]+)", judged.stdout)
    assert level is not None, judged.stdout + judged.stderr
    assert float(level[1]) <= 2.0


def test_the_page_and_the_units_speak_of_the_same_files() -> None:
    named = {word for unit in UNITS.iterdir() for word in command_of(unit.name) if "/etc/sqld/" in word}
    for path in named:
        assert Path(path).name.rpartition(".")[0].split(".")[0] in PAGE, path
