"""Makes what a session needs from the options of a command: the plan, its values, the database, the prompt.

Rule: a person is asked nothing twice. A run that goes on takes its parameters from its journal, and its plan
from its folder if no plan is named. Only secrets come from the environment again.
"""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType

from changeover.check.load import load_plan
from changeover.database.where import ADMIN_TOKEN, TOKEN, Database, Server, database_of
from changeover.display.terminal import Display, JsonEvents, PlainLines, can_draw
from changeover.engine.entries import as_begun
from changeover.errors import BadParameter, ChangeoverError, Refused
from changeover.plan import params
from changeover.plan.model import Plan
from changeover.plan.params import BoundParameters
from changeover.plan.variables import NAME
from changeover.run import records
from changeover.run.commands import Settings, recorded_settings, this_person
from changeover.run.mended_rollback import mended
from changeover.run.rehearsal_copy import Progress as RehearsalProgress
from changeover.run.runner import OperatorPrompt, Signals
from changeover.run.state_dir import StateDir, state_of, stored_plan


@dataclass(frozen=True, slots=True)
class BoundPlan:
    """A plan with its values and its database; ``run_id`` is empty for a new run."""

    plan: Plan
    values: BoundParameters
    database: Database
    state: StateDir
    run_id: str = ""

    @contextmanager
    def redacted(self) -> Iterator[None]:
        """Errors raised inside show no secrets."""
        try:
            yield
        except ChangeoverError as error:
            hide = self.values.redactor.hide
            error.message, error.hint = hide(error.message), hide(error.hint)
            error.args = (error.message,)
            raise


def read_sound(path: Path) -> Plan:
    """The plan in a file. Raises PlanErrors with every fault of its text."""
    return load_plan(path)


def begin(plan: Plan, *, database: Database | None, state: Path | None, sets: Sequence[str]) -> BoundPlan:
    """What a new run or a rehearsal needs. Raises BadParameter."""
    values = params.bind(plan, [*_named(plan, database, sets), *sets], os.environ)
    where = database or database_of(values.expand(plan.database), os.environ)
    return BoundPlan(plan, _hiding(values, where), where, state_of(where, state))


def _named(plan: Plan, database: Database | None, sets: Sequence[str]) -> list[str]:
    """The ``--set`` arguments, and the named database as the plan's parameter for it."""
    alone = NAME.fullmatch(plan.database)
    if database is None or alone is None:
        return []
    name = alone.group(1)
    known = any(one.name == name and one.declared and not one.secret for one in plan.parameters)
    given = any(one.partition("=")[0] == name for one in sets)
    return [f"{name}={database}"] if known and not given else []


def take_up(
    plan: Path | None,
    run_id: str | None,
    *,
    database: Database | None,
    state: Path | None,
    sets: Sequence[str],
) -> BoundPlan:
    """What a run needs that goes on; parameters come from its journal. Raises Refused if there is no run."""
    where, folder, found = locate(plan, database=database, state=state, sets=sets, run_id=run_id)
    newest = run_id or folder.newest()
    if newest is None or found is None:
        raise Refused(
            f"Nothing was run on {where} yet, as far as {folder.path} knows.",
            hint="Begin with `changeover rehearse`, then `changeover run`; or name the folder: --state.",
        )
    entries = folder.entries(newest)
    values = params.bind(found, recorded_settings(entries, found), os.environ)
    return BoundPlan(found, _hiding(values, where), where, folder, newest)


def _hiding(values: BoundParameters, database: Database) -> BoundParameters:
    """The values with a redactor that hides the server's tokens as well.

    Output of a command may hold them.
    """
    if not isinstance(database, Server):
        return values
    tokens = {TOKEN: database.token, ADMIN_TOKEN: database.admin_token}
    return replace(values, hidden={name: token for name, token in tokens.items() if token})


def locate(
    plan: Path | None,
    *,
    database: Database | None,
    state: Path | None,
    sets: Sequence[str],
    run_id: str | None = None,
) -> tuple[Database, StateDir, Plan | None]:
    """The database, its state folder, and the plan: the one named, or the one kept in the run's folder."""
    named = load_plan(plan) if plan is not None else None
    if database is None and named is None:
        raise BadParameter("Name the plan, or the database: --database PATH_OR_URL.", hint="")
    where = database or _database_of(named, sets)
    folder = state_of(where, state)
    newest = run_id or folder.newest()
    stored = stored_plan(folder, newest) if newest else None
    if named is None and stored is not None:
        named = load_plan(stored)
    if named is not None and newest is not None:
        entries = folder.entries(newest)
        named = as_begun(mended(named, entries, folder.run(newest)), entries)
    return where, folder, named


def _database_of(plan: Plan | None, sets: Sequence[str]) -> Database:
    """The database that a plan names; only the parameters in that one text need to be known."""
    assert plan is not None
    names = set(NAME.findall(plan.database))
    small = replace(plan, parameters=tuple(p for p in plan.parameters if p.name in names))
    given = [one for one in sets if one.partition("=")[0].partition(".")[0] in names]
    values = params.bind(small, given, os.environ)
    return database_of(values.expand(plan.database), os.environ)


@contextmanager
def operator_settings(
    work: BoundPlan,
    *,
    json_: bool,
    confirm: Sequence[str],
    who: str | None,
    max_age_s: float = records.MAX_AGE_S,
) -> Iterator[Settings]:
    """Settings of a session with a person or program watching; Ctrl-C is handled inside."""
    boxes = {box.id for box in work.plan.boxes()} | {action.id for action in work.plan.actions()}
    for name in confirm:
        if name not in boxes:
            raise BadParameter(f"--confirm {name}: the plan has no such box.", hint=", ".join(sorted(boxes)))
    display = _display(work, json_)
    signals = Signals()
    person = who or this_person()
    try:
        with _interrupts(signals, display, person), work.redacted():
            yield Settings(
                who=person,
                state=work.state.path,
                max_age_s=max_age_s,
                prompt=OperatorPrompt(
                    ask=display.ask,
                    confirmed=frozenset(confirm),
                    present=not json_ and sys.stdin.isatty(),
                    progress=display.progress,
                ),
                signals=signals,
                show=display.show,
                opened=display.opened,
            )
    finally:
        display.close()


def settings_of(state: StateDir, who: str | None) -> Settings:
    """Settings of a command that nobody watches."""
    return Settings(who=who or this_person(), state=state.path)


@contextmanager
def rehearsal_progress(json_: bool) -> Iterator[RehearsalProgress]:
    """A bar on a terminal, plain lines elsewhere; with ``--json`` nothing."""
    if json_:
        yield lambda words, part, left_s: None
    elif can_draw():
        from changeover.display import live_list

        with live_list.bar() as tell:
            yield tell
    else:
        yield _changes_only(lambda words: print(words, flush=True))  # noqa: T201


def _changes_only(say: Callable[[str], None]) -> RehearsalProgress:
    last_words = ""

    def tell(words: str, part: float | None, left_s: float | None) -> None:
        nonlocal last_words
        if words != last_words:
            last_words = words
            say(words)

    return tell


def _display(work: BoundPlan, json_: bool) -> Display:
    if json_:
        return JsonEvents(sys.stderr)
    if not can_draw():
        return PlainLines()
    from changeover.display.live_list import LiveList

    known = [one for one in records.records(work.state) if one.plan_sha256 == work.plan.sha256]
    return LiveList(dict(known[-1].predicted()) if known else {})


@contextmanager
def _interrupts(signals: Signals, display: Display, who: str) -> Iterator[None]:
    """The first Ctrl-C asks; yes, or SIGTERM, stops at the next safe point; another Ctrl-C explains."""
    asked = False

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        if signals.stop or (asked and number == signal.SIGINT):
            signals.stop = signals.stop or who
            display.say(_EXPLAINED.format(pid=os.getpid()))
        elif number == signal.SIGINT and sys.stdin.isatty():
            asked = True
            # Signal handlers run in the main thread
            # (https://docs.python.org/3/library/signal.html#signals-and-threads):
            # to wait for the answer there would stop the run.
            threading.Thread(target=_ask_to_stop, args=(signals, display, who), daemon=True).start()
        else:
            signals.stop = who
            display.say("Stopping at the next safe point.")

    with stopped_by(stop):
        yield


@contextmanager
def stopped_by(stop: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Inside, Ctrl-C and SIGTERM call ``stop``; afterwards the old handlers are back."""
    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


_EXPLAINED = (
    "It stops when the step under way has ended; then `changeover resume` or `changeover rollback` goes on."
    " If it must end at once: kill -9 {pid}. That is safe: the database stays whole,"
    " and the same commands go on."
)


def _ask_to_stop(signals: Signals, display: Display, who: str) -> None:
    display.say("Stop at the next safe point? The run goes on meanwhile. Type y and Enter:")
    try:
        answer = sys.stdin.readline().strip().lower()
    except (OSError, ValueError):
        return
    if answer in ("y", "yes"):
        signals.stop = who
        display.say("Stopping at the next safe point.")
    else:
        display.say("Going on.")
