"""Records of rehearsals: what was proven, for which plan, schema and parameters, and when.

Rule: a record holds for exactly the plan, schema and parameters whose hashes it has. Secrets are not hashed,
so that a password can change without a new rehearsal.
"""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path

from changeover.database.schema.meaning import Meanings
from changeover.database.where import ADMIN_URL, Database, Server
from changeover.errors import NotRehearsed
from changeover.plan.model import Plan
from changeover.plan.params import BoundParameters
from changeover.plan.variables import NAME
from changeover.run.state_dir import StateDir, write_whole
from changeover.words import format_duration

MAX_AGE_S = 7 * 86_400.0


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """One action in a rehearsal.

    ``direction`` is forward, rollback, again, back again, once more or finish; ``frozen_s`` is None for an
    action that only reads.
    """

    id: str
    label: str
    direction: str
    verdict: str
    seconds: float
    frozen_s: float | None = None
    found: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What a rehearsal showed.

    ``frozen_s`` and ``seconds`` are predictions for the run, ``rollback_s`` for the rollback;
    ``needed_bytes`` is the disk that the run needs besides the database. ``faults`` is empty if it passed;
    ``skipped`` lists what a copy could not show; ``accepted`` maps findings that the plan accepts to its
    reasons. ``definitions`` are the schema before, to find what changed since. ``place`` is where it was
    rehearsed; ``on_its_engine`` says whether that was the engine of the run: a file for a file, a fork on the
    server for a server. ``strategies`` are those chosen for the run, by action id.
    """

    id: str
    at: float
    who: str
    plan_sha256: str
    parameters_sha256: str
    schema_before: str
    schema_after: str
    definitions: Sequence[tuple[str, str, Sequence[str]]]
    database_bytes: int
    needed_bytes: int
    wal_bytes: int
    backup_mb_per_s: float
    frozen_s: float
    seconds: float
    rollback_s: float
    rollback_frozen_s: float
    rows_compared: int
    writes: int
    steps: Sequence[Rehearsed] = ()
    skipped: Sequence[str] = ()
    notes: Sequence[str] = ()
    faults: Sequence[str] = ()
    accepted: Mapping[str, str] = field(default_factory=dict)
    place: str = ""
    on_its_engine: bool = False
    strategies: Mapping[str, str] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether `run` may rely on it."""
        return not self.faults

    def definitions_before(self) -> Meanings:
        """The schema before, in the form that `database.schema.meaning` compares."""
        return {(kind, name): tuple(parts) for kind, name, parts in self.definitions}

    def predicted(self) -> Mapping[str, float]:
        """Action id -> seconds, from the last time that it went forward (or back)."""
        return {step.id: step.seconds for step in self.steps}

    def frozen(self) -> Mapping[str, float]:
        """Action id -> seconds that writers were held, the last time; empty if that was another engine."""
        if not self.on_its_engine:
            return {}
        return {step.id: step.frozen_s for step in self.steps if step.frozen_s is not None}


@dataclass(frozen=True, slots=True)
class Wanted:
    """The plan, schema and parameters that a record must have, so that a run may rely on it."""

    plan_sha256: str
    parameters_sha256: str
    schema: str
    differences: Sequence[str] = field(default=())


def parameters_hash(plan: Plan, values: BoundParameters) -> str:
    """The hash of the parameters without secrets and without the one that names the database."""
    naming = set(NAME.findall(plan.database))
    given = {name: value for name, value in values.public().items() if name not in naming}
    return sha256(json.dumps(given, sort_keys=True, default=dict).encode()).hexdigest()


def place_of(database: Database, fork: Server | None) -> str:
    """Where a rehearsal takes place, in the words of its record and of the report."""
    if fork is not None:
        return "on a fork of the database, on its own server"
    here = f"with SQLite {sqlite3.sqlite_version} of this machine"
    if isinstance(database, Server):
        return f"on a local copy {here}, not on the server: its admin API was not named ({ADMIN_URL})"
    return f"on a copy of the file, {here}"


def save(state: StateDir, record: Record) -> Path:
    """Write a record, whole or not at all; gives its path."""
    path = state.rehearsals / f"{record.id}.json"
    write_whole(path, json.dumps(asdict(record), indent=1, ensure_ascii=False))
    return path


def records(state: StateDir) -> list[Record]:
    """All records that can be read, oldest first."""
    return [found for path in sorted(state.rehearsals.glob("*.json")) if (found := _read(path))]


def _read(path: Path) -> Record | None:
    try:
        document = json.loads(path.read_text("utf-8"))
        document["steps"] = [Rehearsed(**step) for step in document["steps"]]
        return Record(**document)
    except (OSError, ValueError, TypeError, KeyError):
        return None


def require(
    state: StateDir, plan: Plan, wanted: Wanted, *, now_at: float, max_age_s: float = MAX_AGE_S
) -> Record:
    """The newest record on which this run may rely.

    Raises NotRehearsed, which says what is missing and what to do.
    """
    found = records(state)
    hint = f"Rehearse it: changeover rehearse {plan.path} (with the same --set), then run again."
    if not found:
        raise NotRehearsed("This plan was never rehearsed on this database.", hint=hint)
    newest = next((one for one in reversed(found) if one.plan_sha256 == wanted.plan_sha256), None)
    if newest is None:
        raise NotRehearsed("The plan, or a file of it, was edited after the last rehearsal.", hint=hint)
    if newest.schema_before != wanted.schema:
        changes = "".join(f"\n- {one}" for one in wanted.differences)
        raise NotRehearsed(f"The schema of the database changed after the rehearsal.{changes}", hint=hint)
    if newest.parameters_sha256 != wanted.parameters_sha256:
        raise NotRehearsed("The plan was rehearsed with other parameters.", hint=hint)
    if not newest.passed:
        faults = "\n".join(f"- {fault}" for fault in newest.faults)
        raise NotRehearsed(f"The last rehearsal did not pass:\n{faults}", hint=f"Mend that. {hint}")
    age_s = now_at - newest.at
    if age_s > max_age_s:
        raise NotRehearsed(
            f"The last rehearsal is {format_duration(round(age_s))} old;"
            f" it may be {format_duration(round(max_age_s))} old.",
            hint=f"{hint} Or allow more: --rehearsal-max-age 30d.",
        )
    return newest


def named(state: StateDir, name: str) -> Record | None:
    """The record of that name, or None."""
    return next((one for one in records(state) if one.id == name), None)


def definitions_of(state: StateDir, plan_sha256: str) -> Meanings | None:
    """The schema that the newest record of a plan was made for, or None."""
    for one in reversed(records(state)):
        if one.plan_sha256 == plan_sha256:
            return one.definitions_before()
    return None
