"""`liveone` and `changeover` as processes of their own, born of a process that has imported them already.

They are what an operator starts, with arguments, environment, folder, output, signals and exit code; only the
imports, up to two seconds of a processor for each, are done once for all (multiprocessing's fork server).
A start from nothing is proven by tests/places, tests/migration/test_deploy and changeover/run/test_start_up.
"""

import ctypes
import importlib
import io
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from multiprocessing import reduction
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

MAINS = {"liveone": "liveone.cli.root", "changeover": "changeover.cli.root"}
PRELOADED = [
    *MAINS.values(),
    "liveone.cli.serve",
    "liveone.cli.upgrade",
    "liveone.cli.adopt",
    "changeover.cli.run",
    "tests.simulation.collecting_child",
    "tests.collect.recording_child",
    __name__,
]
_PR_SET_PDEATHSIG = 1
_births = multiprocessing.get_context("forkserver")
_births.set_forkserver_preload(PRELOADED)


class _Descriptor:
    """An open file that the new process gets as well."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __getstate__(self) -> Any:
        return reduction.DupFd(self.number)

    def __setstate__(self, given: Any) -> None:
        self.number = given.detach()


@dataclass(frozen=True)
class Done:
    """How a program ended and what it said."""

    code: int
    out: str
    err: str

    @property
    def result(self) -> dict[str, object]:
        """The last JSON document that it printed."""
        found = json.loads(self.out.strip().splitlines()[-1])
        assert isinstance(found, dict)
        return found


class Program:
    """A running program; what tests use of subprocess.Popen, by the same names.

    ``stdout`` is what it says, as text; empty where it says it to a file that was given.

    The first word is one of the installed programs, or a module of the tests that has a ``main``.
    """

    def __init__(
        self,
        words: Sequence[str | Path],
        *,
        env: Mapping[str, str],
        cwd: Path | None = None,
        stderr: IO[Any],
        stdout: IO[Any] | None = None,
    ) -> None:
        self.stdout: IO[str] = io.StringIO()
        with ExitStack() as passed_on:
            if stdout is None:
                reading, writing = os.pipe()
                self.stdout = os.fdopen(reading, encoding="utf-8")
                stdout = passed_on.enter_context(os.fdopen(writing, "w"))
            said = (_Descriptor(stdout.fileno()), _Descriptor(stderr.fileno()))
            given = ([str(word) for word in words], dict(env), cwd, *said)
            self._process = _births.Process(target=_become, args=given, daemon=True)
            self._process.start()
        assert self._process.pid is not None
        self.pid = self._process.pid

    def poll(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """The exit code once it has ended. Raises subprocess.TimeoutExpired."""
        self._process.join(timeout)
        code = self._process.exitcode
        if code is None:
            raise subprocess.TimeoutExpired(self._process.name, timeout or 0.0)
        return code

    def send_signal(self, number: signal.Signals) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def ended(words: Sequence[str | Path], *, env: Mapping[str, str], cwd: Path, timeout: float) -> Done:
    """Run a program to its end; subprocess.TimeoutExpired after ``timeout`` seconds."""
    with TemporaryFile("w+") as out, TemporaryFile("w+") as err:
        program = Program(words, env=env, cwd=cwd, stdout=out, stderr=err)
        try:
            code = program.wait(timeout)
        finally:
            program.kill()
        out.seek(0)
        err.seek(0)
        return Done(code, out.read(), err.read())


def _become(
    words: list[str], env: dict[str, str], cwd: Path | None, stdout: _Descriptor, stderr: _Descriptor
) -> None:
    # A worker that is killed leaves none of them behind.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    for number, given in ((1, stdout.number), (2, stderr.number)):
        os.dup2(given, number)
        os.close(given)
    os.environ.clear()
    os.environ.update(env)
    time.tzset()
    if cwd is not None:
        os.chdir(cwd)
    sys.argv = words
    program = Path(words[0]).name
    importlib.import_module(MAINS.get(program, program)).main()
