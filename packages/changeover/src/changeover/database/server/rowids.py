"""Rowids that something goes by, on a server: copied, and compared in the batch of the change.

Rule: as on a file (`rowids`), only the rehearsal looks: on a fork, which is its own.
"""

from dataclasses import dataclass

from changeover.database.change import refusal, rowids
from changeover.database.change.invariants import Depth
from changeover.database.change.rowids import Watched
from changeover.database.findings import Finding
from changeover.database.server.batch import Batch
from changeover.database.server.judge import PreparedChange
from changeover.errors import InvariantBroken


@dataclass(frozen=True, slots=True)
class Rowids:
    """What is compared; what ``accept`` names is not asked for."""

    watched: tuple[Watched, ...]
    accept: frozenset[str]

    def remember(self, batch: Batch) -> None:
        """Make the copies."""
        for one in self.watched:
            batch.do(*one.before.making(temporary=False))
            batch.scratch.append(one.before.source)

    def require(self, batch: Batch) -> None:
        """Every row has the rowid that it had, unless it is accepted that it has another."""
        batch.require([one.unmoved() for one in self.watched if one.name not in self.accept])

    def broken(self, sentences: list[str]) -> InvariantBroken:
        """The refusal of everything that was found wrong; what may be accepted is told with its name."""
        marks = {f" [{one.name}]": one.name for one in self.watched}
        findings = [
            Finding(name, said.removesuffix(mark))
            for said in sentences
            for mark, name in marks.items()
            if said.endswith(mark)
        ]
        named = set(map(str, findings))
        return refusal.broken([said for said in sentences if said not in named], findings)


def watched_in(found: PreparedChange) -> Rowids:
    """What is to be compared for a change that was judged."""
    if found.depth is not Depth.THOROUGH:
        return Rowids((), frozenset())
    tables = rowids.watched(found.shadow.schema, found.planned, found.scope, beside=False)
    return Rowids(tuple(tables), frozenset(found.change.accept))
