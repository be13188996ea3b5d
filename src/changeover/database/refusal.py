"""The refusal of a change that would break what must hold, with the way past each finding that has a name."""

from collections.abc import Iterable, Mapping, Sequence

from changeover.database.weaker import Finding
from changeover.errors import InvariantBroken


def broken(sentences: Iterable[str], findings: Sequence[Finding] = ()) -> InvariantBroken:
    """Everything that is wrong, in one error; ``findings`` are what a plan may accept by name."""
    lines = dict.fromkeys([*sentences, *map(str, findings)])
    hint = "Mend the script (or the expectation, if that is wrong) and rehearse again."
    if findings:
        named = "".join(f'\n  {one.name}: "why"' for one in findings)
        hint += f" What is meant so is accepted by name, with a reason, in the front matter:\naccept:{named}"
    return InvariantBroken(
        "The change would break what must hold; everything was rolled back:\n"
        + "\n".join(f"- {line}" for line in lines),
        hint=hint,
    )


def unaccepted(found: Iterable[Finding], accept: Mapping[str, str]) -> list[Finding]:
    """The findings that the plan does not name."""
    return [one for one in found if one.name not in accept]


def accepted(found: Iterable[Finding], accept: Mapping[str, str]) -> dict[str, str]:
    """The reasons of those that it names, by name: for the ledger and the report."""
    return {one.name: accept[one.name] for one in found if one.name in accept}
