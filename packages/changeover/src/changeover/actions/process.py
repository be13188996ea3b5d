"""One bash script: strict, in a process group of its own, with an end that is always reached.

Rule: parameters arrive in the environment, never in the text of the script. The number of the process
group goes into the journal before the runner waits for it, so that the next runner can end the processes
of a killed one. Output is bounded.
"""

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO

from changeover.actions.context import ActionContext

GRACE_S = 2.0
OUTPUT_BYTES = 256 * 1024
PROCESS_GROUP = "process group"


def execute(script: str, context: ActionContext, limit_s: float) -> tuple[int | None, str]:
    """Exit code and output of a script; None for the code when it had to be ended after ``limit_s``."""
    environment = {**os.environ, **context.values.environment()}
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            ["bash", "-euo", "pipefail", "-c", script],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=context.folder,
            env=environment,
            # A group of its own: Ctrl-C on the terminal reaches the runner, which decides, and not the
            # script.
            start_new_session=True,
        )
        try:
            context.note({"what": PROCESS_GROUP, "group": process.pid, "since": started_at(process.pid)})
            code: int | None = process.wait(limit_s)
        except subprocess.TimeoutExpired:
            code = None
        finally:
            if process.poll() is None:
                end_group(process.pid, lambda: process.poll() is not None)
                process.wait()
        return code, _tail(output)


def started_at(pid: int) -> str:
    """When a process started, as the kernel counts; tells it from a later one with its number. Linux only."""
    try:
        # Field 22 of proc(5), starttime; the kernel gives numbers of processes again, but not with the same
        # start.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


def end_group(group: int, gone: Callable[[], bool]) -> None:
    """End a process group: asked first, then made to. ``gone`` says whether its leader has ended."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGTERM)
        ends_s = time.monotonic() + GRACE_S
        while not gone() and time.monotonic() < ends_s:
            time.sleep(0.02)
        os.killpg(group, signal.SIGKILL)


def end_orphans(group: int, since: str) -> bool:
    """End a group that a killed runner left behind; False when it is gone, or its number another's now."""
    if not since or started_at(group) != since:
        return False
    end_group(group, lambda: started_at(group) != since)
    return True


def _tail(output: IO[bytes]) -> str:
    size = output.seek(0, os.SEEK_END)
    output.seek(max(size - OUTPUT_BYTES, 0))
    return output.read().decode("utf-8", "replace")
