"""What is found wrong with a change, by name, so that a plan can accept one of them and say why.

Rule: a name says where (`audit.rows`, `orders.total`, `items.check.age`) and stays the same from one
rehearsal to the next; `accept:` in the front matter takes names, never patterns.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: its ``name`` for `accept:`, and the ``sentence`` for a person."""

    name: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.sentence} [{self.name}]"


def unaccepted(found: Iterable[Finding], accept: Mapping[str, str]) -> list[Finding]:
    """The findings that the plan does not name."""
    return [one for one in found if one.name not in accept]


def way_past(names: Sequence[str]) -> str:
    """The lines of the front matter that let findings pass; empty where there is none."""
    if not names:
        return ""
    lines = "".join(f'\n  {name}: "why"' for name in dict.fromkeys(names))
    return f" What is meant so is accepted by name, with a reason, in the front matter:\naccept:{lines}"
