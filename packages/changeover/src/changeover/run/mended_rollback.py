"""A mended rollback: a person's script replaces a script of the rollback that keeps failing.

Rule: the plan of a run never changes, so what was proven for it still holds. A mend is noted in the run's
journal, its script is kept in the run's folder, and both are applied whenever the plan of the run is read.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from changeover.engine.entries import Entry, EntryKind
from changeover.engine.tasks import UNDO
from changeover.errors import BadParameter
from changeover.plan.model import AnyAction, Phase, Plan, Position, Section, SqlAction, Step
from changeover.plan.problem_collector import digest
from changeover.plan.text import normalise
from changeover.run.state_dir import write_whole
from changeover.sql.text import split

FOLDER = "mended"
PREFIX = "mended:"


def mended(plan: Plan, entries: Sequence[Entry], folder: Path) -> Plan:
    """The plan of a run with all its mends."""
    for entry in entries:
        if entry.kind is EntryKind.MENDED:
            text = (folder / FOLDER / entry.text("file")).read_text("utf-8")
            plan = amended(plan, entry.text("undoes"), text, entry.text("file"), _accepted(entry))
    return plan


def read(script: Path) -> str:
    """The text of a script. Raises BadParameter if it holds no statement."""
    try:
        text = normalise(script.read_bytes().decode("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise BadParameter(f"{script} cannot be read: {error}.", hint="Name a file of SQL.") from error
    if not split(text, Position(script.name, 1)):
        raise BadParameter(f"{script} holds no statement.", hint="Write the way back into it, in SQL.")
    return text


def keep(folder: Path, entries: Sequence[Entry], script: Path, text: str) -> str:
    """Store a script in the run's folder; gives its name there."""
    number = sum(entry.kind is EntryKind.MENDED for entry in entries) + 1
    name = f"{number}-{script.name}"
    write_whole(folder / FOLDER / name, text)
    return name


def to_mend(plan: Plan, entries: Sequence[Entry], named: str | None) -> str:
    """The id of the change whose rollback is mended: the one named, or the one that failed last.

    Raises BadParameter if neither is known.
    """
    changes = [a.id for a in plan.actions(Phase.EXECUTE) if isinstance(a, SqlAction) and a.changes]
    if named is not None and named not in changes:
        raise BadParameter(
            f"--undoes {named}: the plan has no such change.", hint=f"Changes: {', '.join(changes)}."
        )
    undone_by = {a.id: a.undoes for a in plan.actions(Phase.ROLLBACK) if a.undoes in changes}
    undone_by |= {f"{UNDO}{change}": change for change in changes}
    failed = (undone_by[e.id] for e in reversed(entries) if e.kind is EntryKind.FAILED and e.id in undone_by)
    found = named or next(failed, changes[0] if len(changes) == 1 else None)
    if found is None:
        raise BadParameter(
            "It is not known which change the script takes back.",
            hint=f"Say it: --undoes ID, with one of {', '.join(changes)}.",
        )
    return found


def accepted(entries: Sequence[Entry]) -> dict[str, str]:
    """Name -> reason of the findings that were accepted with the mends of a run."""
    mends = (entry for entry in entries if entry.kind is EntryKind.MENDED)
    return {name: why for entry in mends for name, why in _accepted(entry).items()}


def _accepted(entry: Entry) -> dict[str, str]:
    found = entry.data.get("accepted")
    return {str(name): str(why) for name, why in found.items()} if isinstance(found, Mapping) else {}


def amended(plan: Plan, undoes: str, text: str, file: str, accept: Mapping[str, str]) -> Plan:
    """The plan with a script in place of the one that takes a change back; all checks apply to it.

    ``accept`` are findings that are intended, besides those that the plan accepts.
    """
    forward = plan.action(undoes)
    assert isinstance(forward, SqlAction)
    position = Position(file, 1)
    old = [action for action in plan.undo_of(undoes) if isinstance(action, SqlAction)]
    scope = dict.fromkeys((*forward.scope, *(table for action in old for table in action.scope)))
    action = SqlAction(
        id=f"{PREFIX}{digest(text)[:8]}",
        position=position,
        label=f"Take back: {forward.label} (mended)",
        sql=text,
        statements=split(text, position),
        changes=True,
        file=file,
        scope=tuple(scope),
        rows=tuple(want for one in old for want in one.rows),
        strategy=old[-1].strategy if old else forward.strategy,
        undoes=undoes,
    )
    return replace(plan, sections=_with(plan, action), accept={**plan.accept, **accept})


def _with(plan: Plan, action: SqlAction) -> tuple[Section, ...]:
    """The sections with ``action`` in place of the old undo of its change; without one, first in Rollback."""
    found = plan.section(Phase.ROLLBACK)
    if found is None:
        step = Step(action.id, action.label, action.position, actions=(action,))
        return (*plan.sections, Section(Phase.ROLLBACK, "Rollback", action.position, steps=(step,)))
    old = {one.id for one in plan.undo_of(action.undoes or "")}
    place = next((step.id for step in found.steps if any(one.id in old for one in step.actions)), None)
    steps = tuple(
        replace(step, actions=tuple(_instead(step.actions, old, action if step.id == place else None)))
        for step in found.steps
    )
    if place is None:
        steps = (Step(action.id, action.label, action.position, actions=(action,)), *steps)
    section = replace(found, steps=steps)
    return tuple(section if one.phase is Phase.ROLLBACK else one for one in plan.sections)


def _instead(actions: Sequence[AnyAction], old: set[str], new: SqlAction | None) -> Iterator[AnyAction]:
    """The actions without the old ones; the new one, if any, takes the place of the first of these."""
    for action in actions:
        if action.id not in old:
            yield action
        elif new is not None:
            yield new
            new = None
