"""The shipped plan carried out by the `changeover` command on a database that `liveone serve` is using."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import processes
from liveone.accounts.users import Account, save
from liveone.migrations.shipped import shipped

PLAN = next(plan.path for plan in shipped() if plan.path.parent.name.startswith("0002"))
OWNERS = {"simon": "user_2simonSimon", "ada": "user_2adaAda"}
CHANGEOVER = [sys.executable, "-c", "from changeover.cli.root import main; main()"]
SETTINGS = """
[server]
port = {port}
[[vendor]]
name = "home"
type = "select.live"
url = "{portal}"
email = "owner@example.com"
"""


@dataclass(frozen=True, slots=True)
class Said:
    """What a command said, line by line, with the seconds after its start; and how long it took."""

    lines: tuple[tuple[float, str], ...]
    seconds: float

    def phases(self) -> Mapping[str, float]:
        """Seconds from each line to the next, by the line."""
        ends = [at for at, _ in self.lines[1:]] + [self.seconds]
        found: dict[str, float] = {}
        for (at, line), end in zip(self.lines, ends, strict=True):
            found[line] = found.get(line, 0.0) + end - at
        return found


@dataclass(frozen=True, slots=True)
class House:
    """A folder with ``liveone.db`` and settings, and a LiveOne that serves it."""

    folder: Path
    environment: Mapping[str, str] = field(repr=False)

    @property
    def database(self) -> Path:
        return self.folder / "liveone.db"

    def changeover(self, command: str, *options: str) -> Said:
        """Run ``changeover COMMAND PLAN``. Raises RuntimeError with its words when it does not succeed."""
        sets = [f"--set=owner.{name}={account}" for name, account in OWNERS.items()]
        began_s, lines = time.perf_counter(), list[tuple[float, str]]()
        with subprocess.Popen(
            [*CHANGEOVER, command, str(PLAN), *sets, *options],
            cwd=self.folder,
            env=dict(self.environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:
            assert process.stdout is not None
            for line in process.stdout:
                lines.append((time.perf_counter() - began_s, line.rstrip()))
        if process.returncode:
            raise RuntimeError(
                f"changeover {command}: {process.returncode}\n" + "\n".join(t for _, t in lines)
            )
        return Said(tuple(lines), time.perf_counter() - began_s)

    def done(self) -> dict[str, dict[str, Any]]:
        """What the newest run did: the last journal entry of each task that was done, by its id."""
        path = max((self._state / "runs").glob("*/journal.jsonl"))
        entries = [json.loads(line) for line in path.read_text().splitlines()]
        return {
            entry["id"]: {**entry, **entry.get("data", {})} for entry in entries if entry["kind"] == "done"
        }

    def seconds(self) -> dict[str, float]:
        """How long each task of the newest run took."""
        return {task: float(entry["seconds"]) for task, entry in self.done().items()}

    @property
    def _state(self) -> Path:
        return self.folder / "liveone.db.changeover"


@contextmanager
def living(folder: Path) -> Iterator[House]:
    """Serve ``folder``/liveone.db and poll a portal once a minute, as in production."""
    with processes.portal(folder, 3) as portal:
        port = processes.free_port()
        (folder / "liveone.toml").write_text(SETTINGS.format(port=port, portal=portal))
        save(folder / "users.toml", [Account(i, f"{name}@example.com") for name, i in OWNERS.items()])
        environment = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
            "AUTH_PASSWORD": "sunshine-of-the-bench",
            "CRON_SECRET": "cron-of-the-bench",
            "LIVEONE_CONFIG": str(folder / "liveone.toml"),
            "LIVEONE_DATABASE_URL": str(folder / "liveone.db"),
            "LIVEONE_URL": f"http://127.0.0.1:{port}",
            "LIVEONE_VENDOR_HOME_PASSWORD": "sunshine",
        }
        with processes.started(
            [*processes.LIVEONE, "serve"], folder=folder, environment=environment
        ) as program:
            program.line_with(" serves ")
            yield House(folder, environment)
