"""A serverless host on this machine: instances of `api/index.py` that see a file system they cannot write.

Each runs under uvicorn in a mount namespace of its own, in which every file system is mounted read-only;
before the program starts, the namespace proves it by trying to write.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
from tests.ports import free_port
from tests.store.sqld import tied_to_us

ROOT = Path(__file__).parent.parent.parent
WRITABLE, NOT_PERMITTED = 77, 78
MOUNTS = "awk '{print $5}' /proc/self/mountinfo"
READ_ONLY = f"""
mount --make-rprivate / || exit {NOT_PERMITTED}
{MOUNTS} | sort -u | grep -v -e '^/proc' -e '^/sys' | while read -r place; do
  mount -o remount,bind,ro "$place" 2>/dev/null
done
mount -o remount,bind,ro / || exit {NOT_PERMITTED}
for place in "$PWD" /tmp /dev/shm /var/tmp "$HOME"; do
  if touch "$place/liveone-was-here" 2>/dev/null; then echo "$place can be written" >&2; exit {WRITABLE}; fi
done
exec "$@"
"""
ANSWERS_WITHIN_S = 120.0


@dataclass
class Instance:
    """A running instance; ``client`` keeps no cookies. ``first_answer_s`` is from its start to an answer."""

    client: httpx2.Client
    first_answer_s: float
    log: Path

    def get(self, path: str, **headers: str) -> httpx2.Response:
        return self.client.get(path, headers=headers)


def namespace() -> list[str]:
    """The command that gives a program a mount namespace; skips where that is not permitted."""
    for found in (["unshare", "-m"], ["unshare", "-rm"]):
        if shutil.which("unshare") and subprocess.run([*found, "true"], capture_output=True).returncode == 0:
            return found
    pytest.skip("a read-only file system needs mount namespaces (root, or user namespaces), not given here")


@contextmanager
def instance(folder: Path, environment: Mapping[str, str], path: str = "/login") -> Iterator[Instance]:
    """One instance with nothing but ``environment``; ``path`` is its first request."""
    port = free_port()
    log = folder / f"instance-{port}.log"
    command = [
        *tied_to_us(),
        *(*namespace(), "sh", "-c", READ_ONLY, "host"),
        *(sys.executable, "-m", "uvicorn", "api.index:app", "--port", str(port)),
        *("--loop", "asyncio", "--http", "h11", "--log-level", "warning"),
    ]
    kept = {key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ}
    began_s = time.perf_counter()
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, env={**kept, **environment}, stdout=output, stderr=output
        )
    try:
        with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=120) as client:
            _wait_for_an_answer(process, client, path, log)
            yield Instance(client, time.perf_counter() - began_s, log)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for_an_answer(
    process: "subprocess.Popen[bytes]", client: httpx2.Client, path: str, log: Path
) -> None:
    end_s = time.monotonic() + ANSWERS_WITHIN_S
    while time.monotonic() < end_s:
        if process.poll() == NOT_PERMITTED and os.environ.get("CI") != "true":
            pytest.skip("mounting read-only is not permitted here")
        assert process.poll() is None, log.read_text()
        try:
            client.get(path)
            return
        except httpx2.TransportError:
            time.sleep(0.01)
    raise AssertionError(log.read_text())
