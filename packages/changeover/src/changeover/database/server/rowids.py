"""Rowids that something goes by, on a server: copied, and compared in the batch of the change.

Rule: as on a file (`rowids`), only the rehearsal looks: on a fork, which is its own.
"""

from dataclasses import dataclass

from changeover.database.change import refusal, rowids
from changeover.database.change.invariants import Depth
from changeover.database.change.rowids import Watched
from changeover.database.findings import Finding
from changeover.database.server import copies
from changeover.database.server.batch import Batch
from changeover.database.server.copies import Copy
from changeover.database.server.judge import Judged
from changeover.errors import InvariantBroken


@dataclass(frozen=True, slots=True)
class Rowids:
    """What is compared, each with its copy; what ``accept`` names is not asked for."""

    pairs: tuple[tuple[Watched, Copy], ...]
    accept: frozenset[str]

    def remember(self, batch: Batch) -> None:
        """Make the copies."""
        for _, copy in self.pairs:
            batch.do(*copy.making())
            batch.scratch.append(copy.name)

    def demand(self, batch: Batch) -> None:
        """Every row has the rowid that it had, unless it is accepted that it has another."""
        for watched, copy in self.pairs:
            if watched.name not in self.accept:
                batch.demand([copy.moved(watched)])

    def broken(self, sentences: list[str]) -> InvariantBroken:
        """The refusal of everything that was found wrong; what may be accepted is told with its name."""
        marks = {f" [{watched.name}]": watched.name for watched, _ in self.pairs}
        findings = [
            Finding(name, said.removesuffix(mark))
            for said in sentences
            for mark, name in marks.items()
            if said.endswith(mark)
        ]
        named = set(map(str, findings))
        return refusal.broken([said for said in sentences if said not in named], findings)


def watched_in(found: Judged) -> Rowids:
    """What is to be compared for a change that was judged."""
    if found.depth is not Depth.THOROUGH:
        return Rowids((), frozenset())
    tables = rowids.watched(found.shadow.schema, found.planned, found.scope)
    made = [(one, copies.copy_of_rowids(place, one)) for place, one in enumerate(tables)]
    return Rowids(
        tuple((one, copy) for one, copy in made if copy is not None), frozenset(found.change.accept)
    )
