"""`git push origin main` deploys, a release that never becomes healthy goes back, `git revert` takes it back.

A real bare repository with the shipped hook, real releases of this very tree, LiveOne as a plain process.
"""

import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
from click.testing import CliRunner
from tests.migration.stage import LIVEONE

from liveone import __version__
from liveone.cli.root import root

TREE = Path(__file__).parents[2]
CONF = """
URL=http://127.0.0.1:{port}
BUILD='ln -s {venv} .venv && {{ [ ! -f unbuildable ]; }}'
RESTART='current/deploy/restart-without-systemd .'
HEALTHY_S=30
KEEP=3
"""
PLAN = """\
---
database: {database}
downtime: 2m
rollback-within: 1m
parameters:
  app: {{default: "http://127.0.0.1:{port}"}}
  commit: {{required: true, help: "git rev-parse --short=12 HEAD"}}
probe: {{url: "${{app}}/api/health", every: 100ms}}
---
# A release, and a table for it

## Execute

### Deploy {{budget=45s}}

```bash {{#deploy phase=deploy undo="{back}" until="{gate}" wait=3s}}
git push origin main
```

### Migrate {{budget=10s}}

```sql {{#notes phase=migrate undo=derived scope="changeover_notes"}}
CREATE TABLE changeover_notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL);
```

### Smoke-test {{budget=20s}}

```http {{#well retries=5 every=1s}}
GET ${{app}}/api/health
200 .status == "ok" .release ~ ${{commit}}
```
"""

BACK = "git revert HEAD --no-edit && git push origin main"
GATE = "http ${app}/api/health .release ~ ${commit}"


@dataclass
class Server:
    """The machine that is deployed to, and the developer's working tree."""

    folder: Path
    port: int

    @property
    def tree(self) -> Path:
        return self.folder / "work"

    def git(self, *words: str) -> str:
        done = subprocess.run(
            ["git", *words], cwd=self.tree, capture_output=True, text=True, check=False, env=IDENTITY
        )
        assert done.returncode == 0, f"git {words}: {done.stdout}{done.stderr}"
        return (done.stdout + done.stderr).strip()

    def commit(self, message: str) -> str:
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)
        return self.git("rev-parse", "--short=12", "HEAD")

    def push(self) -> str:
        return self.git("push", "origin", "main")

    def release(self) -> str:
        answer = httpx2.get(f"http://127.0.0.1:{self.port}/api/health", timeout=5, trust_env=False)
        assert answer.status_code == 200
        return str(answer.json()["release"])

    def break_serving(self) -> str:
        path = self.tree / "src/liveone/cli/serve.py"
        path.write_text(path.read_text() + "\nraise SystemExit('this release is broken on purpose')\n")
        return self.commit("A release that never becomes healthy")

    def stop(self) -> None:
        pid_file = self.folder / "liveone.pid"
        if pid_file.exists():
            pid = int(pid_file.read_text())
            os.kill(pid, signal.SIGTERM)
            ends_s = time.monotonic() + 20
            while Path(f"/proc/{pid}").exists() and time.monotonic() < ends_s:
                time.sleep(0.05)


IDENTITY = {
    **os.environ,
    **dict.fromkeys(("GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME"), "A developer"),
    **dict.fromkeys(("GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"), "developer@example.org"),
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "LIVEONE_CONFIG": "",
}


pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server to which the first release was pushed."""
    folder = tmp_path_factory.mktemp("srv")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    found = Server(folder, port)
    (folder / "deploy.conf").write_text(CONF.format(port=port, venv=LIVEONE.parents[1]))
    assert CliRunner().invoke(root, ["init", str(folder / "home")]).exit_code == 0
    settings = folder / "home/liveone.toml"
    settings.write_text(settings.read_text().replace("port = 8080", f"port = {port}"))
    repository = folder / "liveone.git"
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", repository], check=True, env=IDENTITY)
    shutil.copy(TREE / "deploy/post-receive", repository / "hooks/post-receive")
    found.tree.mkdir()
    for name in ("src", "packages", "deploy"):
        shutil.copytree(TREE / name, found.tree / name, ignore=shutil.ignore_patterns("__pycache__"))
    found.git("init", "-q", "-b", "main")
    found.git("remote", "add", "origin", str(repository))
    first = found.commit("The first release")
    assert f"{first} is healthy" in found.push()
    assert found.release() == f"{__version__}+{first}"
    yield found
    found.stop()


def test_a_push_deploys_and_a_revert_takes_the_code_back(server: Server) -> None:
    (server.tree / "NEWS.md").write_text("Something new.\n")
    second = server.commit("Something new")
    server.push()
    assert server.release() == f"{__version__}+{second}"
    assert (server.folder / "current/NEWS.md").exists()
    server.git("revert", "HEAD", "--no-edit")
    server.push()
    third = server.git("rev-parse", "--short=12", "HEAD")
    assert server.release() == f"{__version__}+{third}"
    assert not (server.folder / "current/NEWS.md").exists()


def test_a_release_that_never_becomes_healthy_is_switched_back(server: Server) -> None:
    before = server.release()
    broken = server.break_serving()
    said = server.push()
    assert f"{broken} did not become healthy" in said
    assert "is healthy again" in said
    assert server.release() == before
    assert "broken on purpose" in (server.folder / "liveone.log").read_text()
    server.git("revert", "HEAD", "--no-edit")
    assert "is healthy at" in server.push()


def test_a_release_that_does_not_build_changes_nothing(server: Server) -> None:
    before, pid = server.release(), (server.folder / "liveone.pid").read_text()
    (server.tree / "unbuildable").touch()
    server.commit("A release that does not build")
    assert "does not build" in server.push()
    assert (server.release(), (server.folder / "liveone.pid").read_text()) == (before, pid)
    server.git("revert", "HEAD", "--no-edit")
    server.push()


def test_another_branch_is_not_deployed_and_old_releases_are_tidied_away(server: Server) -> None:
    before = server.release()
    server.git("checkout", "-q", "-b", "trial")
    server.git("commit", "-q", "--allow-empty", "-m", "A trial")
    assert "not deployed" in server.git("push", "origin", "trial")
    server.git("checkout", "-q", "main")
    assert server.release() == before
    assert len(list((server.folder / "releases").iterdir())) <= 4


def carried_out(server: Server) -> tuple[int, str]:
    """The plan, rehearsed and run from the developer's tree."""
    folder = server.folder / "home"
    plan = server.tree / "RELEASE.md"
    plan.write_text(PLAN.format(database=folder / "liveone.db", port=server.port, back=BACK, gate=GATE))
    with (server.tree / ".git/info/exclude").open("a") as exclude:
        exclude.write("RELEASE.md\n")
    commit = server.git("rev-parse", "--short=12", "HEAD")
    done = subprocess.run(
        [LIVEONE.with_name("changeover"), "run", plan, "--set", f"commit={commit}", "--rehearse"],
        capture_output=True,
        text=True,
        check=False,
        env=IDENTITY,
    )
    return done.returncode, done.stdout + done.stderr


def test_changeover_deploys_through_the_gate_and_goes_back_when_it_stays_shut(server: Server) -> None:
    before = server.git("rev-parse", "HEAD^{tree}")
    broken = server.break_serving()
    code, said = carried_out(server)
    assert code == 4, said
    assert "did not open" in said
    reverted = server.git("rev-parse", "--short=12", "HEAD")
    assert reverted != broken
    assert server.git("rev-parse", "HEAD^{tree}") == before
    assert server.release() == f"{__version__}+{reverted}"
    (server.tree / "NEWS.md").write_text("A good release.\n")
    good = server.commit("A good release")
    code, said = carried_out(server)
    assert code == 0, said
    assert server.release() == f"{__version__}+{good}"


def test_no_request_is_refused_while_a_service_with_a_socket_unit_restarts(tmp_path: Path) -> None:
    """As `liveone.socket` does: the address is held by somebody else, and handed to each new process."""
    assert CliRunner().invoke(root, ["init", str(tmp_path)]).exit_code == 0
    seen: list[str] = []
    done = threading.Event()
    with socket.create_server(("127.0.0.1", 0), backlog=256) as held:
        client = threading.Thread(target=ask_on, args=(held.getsockname()[1], seen, done), daemon=True)
        process = activated(tmp_path, held)
        try:
            client.start()
            for _ in range(2):
                answered(seen)
                stopped(process)
                process = activated(tmp_path, held)
            answered(seen)
        finally:
            done.set()
            client.join(130)
            stopped(process)
    assert [each for each in seen if each != "200"] == []
    assert len(seen) >= 30


def answered(seen: list[str]) -> None:
    """Wait until ten more requests were answered."""
    wanted, ends_s = len(seen) + 10, time.monotonic() + 300
    while len(seen) < wanted and time.monotonic() < ends_s:
        time.sleep(0.05)
    assert len(seen) >= wanted


def stopped(process: "subprocess.Popen[bytes]") -> None:
    process.send_signal(signal.SIGTERM)
    try:
        assert process.wait(60) == 0
    finally:
        process.kill()


def activated(folder: Path, held: socket.socket) -> subprocess.Popen[bytes]:
    """A LiveOne that is started as systemd's socket activation starts it: the socket is its file 3."""
    started = f"exec 3<&{held.fileno()}; LISTEN_FDS=1 LISTEN_PID=$$ exec {LIVEONE} serve"
    with (folder / "serve.log").open("a") as log:
        return subprocess.Popen(
            ["bash", "-c", started], pass_fds=[held.fileno()], cwd=folder, stdout=log, stderr=log
        )


def ask_on(port: int, seen: list[str], done: threading.Event) -> None:
    while not done.is_set():
        try:
            answer = httpx2.get(f"http://127.0.0.1:{port}/api/health", timeout=120, trust_env=False)
            seen.append(str(answer.status_code))
        except httpx2.HTTPError as error:
            seen.append(repr(error))
        done.wait(0.05)
