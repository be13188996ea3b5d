"""Shell scripts of a plan: bash, strict, in a process group of their own, with an end that is always reached.

Rule: parameters arrive in the environment, never in the text of the script. The group is written down before it
is waited for, so that a runner that takes over can end what a killed one left running. Output is bounded.
"""

import os
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import IO

from changeover.actions.checks import require_expected, shown
from changeover.actions.gate import wait_for
from changeover.actions.repeat import repeated
from changeover.actions.scene import Deadline, Result, Scene
from changeover.engine import COMMAND_ENDED
from changeover.errors import CheckFailed, StepFailed
from changeover.plan import ShellAction

GRACE_S = 2.0
OUTPUT_BYTES = 256 * 1024
PROCESS_GROUP = "process group"


def run(action: ShellAction, scene: Scene, deadline: Deadline, *, gate_only: bool = False) -> Result:
    """Run the script, then wait for its gate; ``gate_only`` when the script ended before a crash."""
    result = Result("its command had ended before")
    if not gate_only:
        result = repeated(action.retry, deadline, lambda: _once(action, action.script, scene, deadline))
        scene.note({"what": COMMAND_ENDED})
    if action.until is not None:
        waited_s = wait_for(action.until, scene, deadline, action.position)
        return Result(result.found, {**result.data, "waited_s": round(waited_s, 3)})
    return result


def take_back(action: ShellAction, scene: Scene, deadline: Deadline) -> Result:
    """Run the command with which a script is taken back."""
    return _once(action, action.undo or "", scene, deadline, expected=0)


def _once(
    action: ShellAction, script: str, scene: Scene, deadline: Deadline, expected: int | None = None
) -> Result:
    expected = action.exit_code if expected is None else expected
    limit_s = deadline.within(action.timeout_s)
    code, output = execute(script, scene, limit_s)
    text = shown(output, scene)
    if code is None:
        error = deadline.error(action.label, action.position)
        if deadline.passed():
            raise error
        raise StepFailed(
            f"{action.label} did not end within {action.timeout_s:g} s and was ended.{_said(text)}",
            hint="Raise timeout=, or find out what it waits for.",
            position=action.position,
        )
    if code != expected:
        raise CheckFailed(
            f"{action.label}: the command ended with {code} and should end with {expected}.{_said(text)}",
            hint="Run it by hand to see more.",
            position=action.position,
        )
    if expected == action.exit_code and script is action.script:
        require_expected(action, output, scene)
    return Result(text, {"exit_code": code})


def execute(script: str, scene: Scene, limit_s: float) -> tuple[int | None, str]:
    """Exit code and output of a script; None for the code when it had to be ended after ``limit_s``."""
    environment = {**os.environ, **scene.values.environment()}
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            ["bash", "-euo", "pipefail", "-c", script],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=scene.plan.path.resolve().parent,
            env=environment,
            start_new_session=True,
        )
        try:
            scene.note({"what": PROCESS_GROUP, "group": process.pid, "since": started_at(process.pid)})
            code: int | None = process.wait(limit_s)
        except subprocess.TimeoutExpired:
            code = None
        finally:
            if process.poll() is None:
                end_group(process.pid)
                process.wait()
        return code, _tail(output)


def started_at(pid: int) -> str:
    """When a process started, as the kernel counts; tells it from a later one with its number. Linux only."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


def end_group(group: int) -> None:
    """End a process group: asked first, then made to."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGTERM)
        for _ in range(int(GRACE_S / 0.05)):
            time.sleep(0.05)
            os.killpg(group, 0)
            with suppress(ChildProcessError):
                os.waitpid(group, os.WNOHANG)
        os.killpg(group, signal.SIGKILL)


def _said(text: str) -> str:
    return f" It said:\n{text}" if text else " It said nothing."


def _tail(output: IO[bytes]) -> str:
    size = output.seek(0, os.SEEK_END)
    output.seek(max(size - OUTPUT_BYTES, 0))
    return output.read().decode("utf-8", "replace")
