"""Running a shipped plan: what it must be told of this LiveOne, and a LiveOne for it to ask.

Rule: whatever the settings know already nobody is asked for, and no secret leaves the environment. A plan
proves that LiveOne answers and polls on both sides of the change, so one must run; where none does, one is
started for the duration.
"""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx2

from changeover.database import local
from changeover.database.where import ADMIN_TOKEN, ADMIN_URL, TOKEN, Database, Server
from changeover.errors import NotRehearsed
from changeover.plan.model import HttpAction, Plan
from changeover.run import rehearsal, session, state_dir
from changeover.run.preconditions import wanted_record
from changeover.run.records import Record, require
from changeover.run.session import BoundPlan
from liveone.clock import SystemClock
from liveone.errors import BadInput, ConfigError, LiveOneError
from liveone.settings.config import Config
from liveone.store import systems
from liveone.store.store import Store
from timed_http.certificates import trusted

ASK_S = 3.0
START_S, STOP_S = 120.0, 30.0
"""A start reads much: on a small machine whose card is busy with an upgrade it takes a minute and more."""
LOOK_EVERY_S = 0.05
"""A port where nobody listens refuses at once: asked without a pause, it takes the CPU of the start."""
OPEN = "open-to-this-machine"
"""Sent as the password to a LiveOne that asks for none."""


def address(config: Config, environment: Mapping[str, str]) -> str:
    """Where this LiveOne answers: LIVEONE_URL, or the settings' host and port on this machine."""
    return environment.get("LIVEONE_URL", "").rstrip("/") or config.server.local_url


def database_of(config: Config, environment: Mapping[str, str]) -> Database:
    """Where changeover finds the configured database; the server's token is LiveOne's own."""
    if not config.is_server:
        return config.database_path
    return Server(
        config.database.url,
        config.secrets.database_token,
        environment.get(ADMIN_URL, ""),
        environment.get(ADMIN_TOKEN, ""),
    )


def state_folder(config: Config) -> Path | None:
    """Where runs on a server's database are kept: beside the settings. None: beside the file."""
    if not config.is_server:
        return None
    return config.folder / local.state_folder(Server(config.database.url)).name


def state_of(config: Config) -> state_dir.StateDir:
    """The folder that keeps the runs on the configured database."""
    return state_dir.state_of(database_of(config, os.environ), state_folder(config))


def surroundings(config: Config, environment: Mapping[str, str]) -> dict[str, str]:
    """The environment in which a plan's parameters and commands find this LiveOne."""
    has_users = config.users_path.exists()
    password = config.secrets.auth_password or ("" if has_users else OPEN)
    known = {
        "LIVEONE_DATABASE_URL": config.database.url if config.is_server else str(config.database_path),
        TOKEN: config.secrets.database_token if config.is_server else "",
        "LIVEONE_URL": address(config, environment),
        "LIVEONE_CONFIG": str(config.path) if config.path else environment.get("LIVEONE_CONFIG", ""),
        "AUTH_PASSWORD": password,
        "CRON_SECRET": config.secrets.cron_secret,
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), environment.get("PATH", "")]),
    }
    return {**environment, **{name: value for name, value in known.items() if value}}


@contextmanager
def plan_environment(environment: Mapping[str, str]) -> Iterator[None]:
    """The process's environment is this one inside: commands of a plan inherit it."""
    before = dict(os.environ)
    os.environ.update(environment)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def asks_liveone(plan: Plan) -> bool:
    """Whether a plan proves anything by asking a LiveOne; one for a generation that is not served cannot."""
    return any(isinstance(action, HttpAction) for action in plan.actions())


def require_servable(config: Config, environment: Mapping[str, str]) -> None:
    """Raises ConfigError where no LiveOne could prove that polling goes on; nothing is started."""
    if not environment.get("CRON_SECRET"):
        raise ConfigError(
            "CRON_SECRET is not set, and the upgrade proves with it that polling goes on",
            hint='Put cron_secret = "..." into secrets.toml (or the environment) and restart LiveOne.',
        )
    if not config.vendors and not answers(environment["LIVEONE_URL"]):
        raise ConfigError(
            "no [[vendor]] is configured, so the upgrade could not prove that the next polls land",
            hint="Add your account to the settings first; `liveone systems test ID` tries it.",
        )


class UpgradeServer:
    """The LiveOne that plans ask: the one that runs, else one that is started with its poller."""

    def __init__(self, environment: Mapping[str, str], log: Path) -> None:
        self._environment, self._log = environment, log
        self._running = ExitStack()

    def require(self) -> bool:
        """From now on a LiveOne answers; True when it had to be started. Raises LiveOneError."""
        url = self._environment["LIVEONE_URL"]
        if answers(url):
            return False
        self._running.enter_context(_started(self._environment, url, self._log))
        return True

    def close(self) -> None:
        """Stop what was started."""
        self._running.close()


def answers(url: str) -> bool:
    """Whether anything answers there, well or not."""
    try:
        httpx2.get(f"{url}/api/health", timeout=ASK_S, trust_env=False, verify=trusted())
    except httpx2.HTTPError:
        return False
    return True


@contextmanager
def _started(environment: Mapping[str, str], url: str, log: Path) -> Iterator[None]:
    command = [sys.executable, "-c", "from liveone.cli.root import main; main()", "serve"]
    with log.open("ab") as output:
        process = subprocess.Popen(command, env=dict(environment), stdout=output, stderr=output)
    try:
        clock_s = SystemClock().monotonic_s
        ends_s = clock_s() + START_S
        while not answers(url):
            if _ends_within(process, LOOK_EVERY_S) or clock_s() > ends_s:
                raise LiveOneError(f"LiveOne could not be started at {url}", hint=f"{log} says why.")
        yield
    finally:
        process.terminate()
        process.wait(STOP_S)


def _ends_within(process: "subprocess.Popen[bytes]", seconds_s: float) -> bool:
    """Whether a process ends; returns when it does, or after that time."""
    try:
        process.wait(seconds_s)
    except subprocess.TimeoutExpired:
        return False
    return True


def prepared(path: Path, sets: Sequence[str], config: Config) -> BoundPlan:
    """A plan bound to its values; of ``sets`` only what it declares. Raises ChangeoverError."""
    plan = session.read_sound(path)
    database = database_of(config, os.environ)
    return session.begin(plan, database=database, state=state_folder(config), sets=own(plan, sets))


def taken_up(config: Config, run_id: str | None) -> BoundPlan:
    """A run on the configured database, None: the newest. Raises Refused where there is none."""
    database = database_of(config, os.environ)
    return session.take_up(None, run_id, database=database, state=state_folder(config), sets=())


def own(plan: Plan, sets: Sequence[str]) -> list[str]:
    """The ``--set`` arguments that are for this plan."""
    names = {parameter.name for parameter in plan.parameters}
    return [each for each in sets if _name(each) in names]


def require_known(plans: Sequence[Plan], sets: Sequence[str]) -> None:
    """Raises BadInput for a ``--set`` that is for none of the plans."""
    known = {parameter.name: parameter.help for plan in plans for parameter in plan.parameters}
    for each in sets:
        if _name(each) not in known:
            raise BadInput(f"--set {each}: no plan to be run has a parameter {_name(each)!r}",
                           hint=f"Known: {', '.join(sorted(known))}.")  # fmt: skip


def require_boxes(plans: Sequence[Plan], confirm: Sequence[str]) -> None:
    """Raises BadInput for a ``--confirm`` that is for none of the plans."""
    known = set().union(*map(boxes_of, plans))
    for name in confirm:
        if name not in known:
            raise BadInput(f"--confirm {name}: no plan to be run has such a box",
                           hint=f"Known: {', '.join(sorted(known))}.")  # fmt: skip


def boxes_of(plan: Plan) -> set[str]:
    """What ``--confirm`` may name in a plan."""
    return {box.id for box in plan.boxes()} | {action.id for action in plan.actions()}


def proven(work: BoundPlan, *, who: str, as_json: bool) -> Record:
    """A rehearsal that proves this very run: the last one where it still holds, else a new one."""
    wanted = wanted_record(work.state, work.plan, work.database, work.values)
    try:
        return require(work.state, work.plan, wanted, now_at=SystemClock().now_at())
    except NotRehearsed:
        return rehearsed(work, who=who, as_json=as_json)


def rehearsed(work: BoundPlan, *, who: str, as_json: bool) -> Record:
    """A new rehearsal on a copy; production is only read."""
    with session.rehearsal_progress(as_json) as progress, work.redacted():
        return rehearsal.rehearse(
            work.plan, work.values, work.database, who=who, state=work.state.path, progress=progress
        )


def old_owners(store: Store) -> dict[str, int]:
    """The number of systems by owner, as the database has them now. Raises StoreError."""
    counts: dict[str, int] = {}
    for system in systems.list_systems(store):
        counts[system.owner or "(no owner)"] = counts.get(system.owner or "(no owner)", 0) + 1
    return counts


def _name(setting: str) -> str:
    return setting.partition("=")[0].partition(".")[0]
