"""What a container runs, as processes: an empty folder, the environment, files of secrets, and no more."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest
import yaml
from tests.ports import free_port

pytestmark = [pytest.mark.apart, pytest.mark.slow]

ROOT = Path(__file__).parents[2]
CONTAINER = ROOT / "deploy/container"


def surroundings(data: Path, **more: str) -> dict[str, str]:
    """What a container's process finds: nothing of this machine but the program."""
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    return {"PATH": path, "HOME": "/nonexistent", "LIVEONE_DATA": str(data), "PYTHONUNBUFFERED": "1", **more}


def entrypoint(*words: str, env: dict[str, str]) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [str(CONTAINER / "entrypoint.sh"), *words],
        env=env,
        cwd="/",
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


@contextmanager
def started(data: Path, **more: str) -> Iterator[tuple[httpx2.Client, "subprocess.Popen[str]", list[str]]]:
    """A container's process that answers, with what it said until then."""
    port = free_port()
    process = entrypoint(env=surroundings(data, LIVEONE_PORT=str(port), **more))
    said: list[str] = []
    try:
        assert process.stdout is not None
        for line in process.stdout:
            said.append(line)
            if " serves " in line:
                break
        assert process.poll() is None, "".join(said)
        with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=30, trust_env=False) as client:
            yield client, process, said
    finally:
        process.terminate()
        process.communicate(timeout=60)


def well(port: int) -> int:
    check = [sys.executable, str(CONTAINER / "healthcheck.py")]
    return subprocess.run(check, env={"LIVEONE_PORT": str(port)}, check=False, timeout=60).returncode


def test_an_empty_folder_sets_itself_up_serves_and_stops_at_sigterm(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    with started(data) as (client, process, said):
        assert any("was empty and holds settings" in line for line in said)
        assert any("secrets.toml" in line for line in said)
        assert well(int(client.base_url.port or 0)) == 0
        assert client.get("/api/data").status_code == 401
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    assert {"liveone.toml", "secrets.toml", "liveone.db"} <= {path.name for path in data.iterdir()}
    assert [path.name for path in data.iterdir() if path.stat().st_mode & 0o077] == []
    before = (data / "secrets.toml").read_text()
    with started(data) as (client, _, said):
        assert not any("was empty" in line for line in said)
        assert client.get("/api/health").status_code == 200
    assert (data / "secrets.toml").read_text() == before
    assert well(free_port()) == 1


def test_everything_is_told_by_the_environment_and_files_of_secrets(tmp_path: Path) -> None:
    data, secret = tmp_path / "data", tmp_path / "auth"
    data.mkdir()
    secret.write_text("correct horse\n")
    given = {"AUTH_PASSWORD_FILE": str(secret), "LIVEONE_BASE_PATH": "/solar", "LIVEONE_REPLICA_URL": ""}
    with started(data, **given) as (client, process, said):
        assert not any("made up" in line for line in said)
        signed_in = client.post("/solar/api/auth/login", json={"email": "a@b.c", "password": "correct horse"})
        assert signed_in.status_code == 200
        told = Path(f"/proc/{process.pid}/environ").read_bytes() + "".join(said).encode()
        assert b"correct horse" not in told


def test_words_are_a_command(tmp_path: Path) -> None:
    said, _ = entrypoint("liveone", "--version", env=surroundings(tmp_path)).communicate(timeout=120)
    assert "liveone" in said
    again, _ = entrypoint("schema", "status", env=surroundings(tmp_path)).communicate(timeout=120)
    assert "generation" in again.lower()


def test_a_folder_that_cannot_be_written_is_said_in_words() -> None:
    process = entrypoint(env=surroundings(Path("/nonexistent/data")))
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "cannot be written by user" in said


def test_the_files_of_the_container_agree() -> None:
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text())
    services = compose["services"]
    assert {name: one.get("profiles") for name, one in services.items()} == {
        "liveone": None,
        "mosquitto": ["mqtt"],
        "prometheus": ["metrics"],
        "sqld": ["server"],
        "sqld-replica": ["replica"],
    }
    for one in services.values():
        for volume in one["volumes"]:
            source = str(volume).split(":", 1)[0]
            assert source in compose["volumes"] or (ROOT / source).is_file(), volume
    built = (ROOT / "Containerfile").read_text()
    copied = [
        line.split()[-2] for line in built.splitlines() if line.startswith("COPY") and "--from" not in line
    ]
    assert all((ROOT / path).exists() for path in copied if path != ".")
    assert "USER 10001" in built
    assert (ROOT / ".containerignore").read_text() == (ROOT / ".dockerignore").read_text()
    assert os.access(CONTAINER / "entrypoint.sh", os.X_OK)
