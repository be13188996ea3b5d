"""The refusal of a change that would break what must hold, with the way past each finding that has a name."""

from collections.abc import Iterable, Sequence

from changeover.database.findings import Finding, way_past
from changeover.errors import InvariantBroken


def broken(sentences: Iterable[str], findings: Sequence[Finding] = ()) -> InvariantBroken:
    """Everything that is wrong, in one error; ``findings`` are what a plan may accept by name."""
    lines = dict.fromkeys([*sentences, *map(str, findings)])
    hint = (
        "Mend the script (or the expectation, if that is wrong), or change what the database has of its"
        " own and is named here, such as a view; then rehearse again."
    )
    return InvariantBroken(
        "The change would break what must hold; everything was rolled back:\n"
        + "\n".join(f"- {line}" for line in lines),
        hint=hint + way_past([one.name for one in findings]),
    )
