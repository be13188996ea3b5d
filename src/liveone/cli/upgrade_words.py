"""What `liveone upgrade` says: the outline of a plan, a rehearsal's result, how a run ended."""

import re
from collections.abc import Iterator, Mapping, Sequence

from changeover.engine.entries import Ending
from changeover.plan.model import ParameterKind, Phase, Plan
from changeover.run.records import Record
from changeover.words import seconds
from liveone.store.leftovers import Leftovers

PHASES = (Phase.PREFLIGHT, Phase.EXECUTE, Phase.ROLLBACK, Phase.AFTER)
NEXT = {
    Ending.DONE: "Back: liveone upgrade --rollback. When nobody wants that any more: --finish.",
    Ending.STOPPED: "Go on: liveone upgrade --resume. Back: liveone upgrade --rollback.",
    Ending.OPERATOR_NEEDED: "Look at what failed, then: liveone upgrade --rollback. Where the way back itself"
    " is wrong: changeover status --database DATABASE names the ways out.",
}
"""What makes sense after each ending."""


def owners(found: Mapping[str, int]) -> str:
    """The old user ids of a database with the number of systems each has."""
    listed = ", ".join(f"{name} ({count})" for name, count in sorted(found.items()))
    made = "\nAn owner without an account gets one of the id you name: liveone users add EMAIL --id user_..."
    return f"Owners here, with their systems: {listed or 'none'}{made if found else ''}"


def leftovers(found: Leftovers) -> Iterator[tuple[str, str, str]]:
    """What older programs left that nobody meant: a word for it, what it is, and what settles it."""
    if found.orphans_in_words:
        set_aside = "nothing is lost: liveone upgrade sets them aside in tables of their own"
        yield "orphans", f"{found.orphans_in_words}, shown nowhere", set_aside
    for number, ids in found.twins:
        keepers = " or ".join(f"--set collision=keep:{each}" for each in ids)
        says = f"systems {' and '.join(map(str, ids))} share number {number}"
        yield "duplicates", says, f"say which one stays: liveone upgrade ... {keepers}"


_OURS = {
    "rehearse": " --dry-run",
    "run": "",
    "resume": " --resume",
    "rollback": " --rollback",
    "finish": " --finish",
    "status": " --plan-only",
}
_ADVISED = re.compile(
    r"changeover (rehearse|run|resume|rollback|finish|status)(?!(?: \S+)?(?: --database \S+)? --with)"
    r"(?: [\w./-]*[/.][\w/-]+)?(?: --database \S*[\w'])?([`.,;: )]|$)"
)


def outline(plan: Plan) -> Iterator[str]:
    """A plan in short: what it must be told, what a person must judge, its steps with their budgets."""
    yield plan.title
    yield f"  {plan.path}"
    for parameter in plan.parameters:
        if parameter.declared and not parameter.secret and parameter.env is None:
            key = ".KEY" if parameter.kind is ParameterKind.MAP else ""
            default = f" [{parameter.default}]" if parameter.default else ""
            yield f"  --set {parameter.name}{key}=...  {parameter.help}{default}"
    for phase in PHASES:
        steps = list(_steps(plan, phase))
        yield from [f"  {phase.value}", *steps] if steps else []


def outline_data(plan: Plan) -> dict[str, object]:
    """The same for programs."""
    return {
        "title": plan.title,
        "path": str(plan.path),
        "parameters": [
            {"name": each.name, "help": each.help, "required": each.required, "secret": each.secret}
            for each in plan.parameters
        ],
        "judgements": [{"id": box.id, "text": box.text} for box in plan.boxes() if box.is_judgement],
        "steps": [{"title": step.title, "budget_s": step.budget_s} for step in plan.steps(Phase.EXECUTE)],
    }


def rehearsal(record: Record) -> Iterator[str]:
    """What a rehearsal showed, line by line; its verdict last."""
    for step in record.steps:
        held = f", writers held {seconds(step.frozen_s)}" if step.frozen_s is not None else ""
        yield f"  {step.verdict:7} {step.direction:9} {step.label}  {seconds(step.seconds)}{held}"
    for reason in record.skipped:
        yield f"  not shown on a copy: {reason}"
    yield f"Rehearsed {record.place}."
    yield from record.faults
    if record.faults:
        yield "The rehearsal did not pass; the database was only read."
        return
    yield f"The rehearsal passed: {record.rows_compared:,} rows compared, {record.writes} new writes kept."
    yield f"Writers would be held {seconds(record.frozen_s)}; a way back takes {seconds(record.rollback_s)}."


def _steps(plan: Plan, phase: Phase) -> Sequence[str]:
    found = []
    for step in plan.steps(phase):
        if step.title != plan_title(plan, phase):
            found.append(f"    {step.title}" + (f"  (at most {step.budget_s:g} s)" if step.budget_s else ""))
        for box in step.boxes:
            judged = f"  -> you judge: --confirm {box.id}" if box.is_judgement else ""
            found.append(f"    [ ] {box.text}{judged}")
    return found


def plan_title(plan: Plan, phase: Phase) -> str:
    """The heading of a section, under which steps without a heading of their own stand."""
    section = plan.section(phase)
    return section.title if section else ""


def in_our_commands(text: str) -> str:
    """Advice of changeover as `liveone upgrade` is told it; what it has no form for stays as it is."""
    return _ADVISED.sub(lambda found: f"liveone upgrade{_OURS[found[1]]}{found[2]}", text)
