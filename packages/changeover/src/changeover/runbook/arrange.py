"""Sorts the chunks of a runbook into the phases of a plan.

Rule: a heading decides for itself and for what is below it; one that says nothing is decided by its content.
Numbered steps that stand under the checklist of a runbook without a section of steps are what is executed.
"""

import re
from dataclasses import dataclass, field

from changeover.plan.model import Phase
from changeover.runbook.classify import is_verification, phase_of
from changeover.runbook.lists import has_list
from changeover.runbook.source import Chunk, Code, Item
from changeover.runbook.translate import is_runnable

_NUMBERED = re.compile(r"\W*step\s*\d", re.IGNORECASE)


@dataclass(slots=True)
class Arranged:
    """Chunks by phase; ``before`` and ``behind`` are prose around them, each in the runbook's order."""

    before: list[Chunk] = field(default_factory=list)
    phases: dict[Phase, list[Chunk]] = field(default_factory=dict)
    behind: list[Chunk] = field(default_factory=list)


def has_items(chunk: Chunk) -> bool:
    """Whether something of a chunk is to be run or to be judged."""
    return any(
        isinstance(part, Item) or (isinstance(part, Code) and is_runnable(part)) for part in chunk.parts
    )


def arrange(chunks: list[Chunk]) -> Arranged:
    """The chunks without the title's heading, each in its place."""
    found = Arranged()
    stray = _stray_steps(chunks)
    inherited: list[tuple[int, Phase | None]] = []
    for chunk in chunks:
        inherited = [(level, phase) for level, phase in inherited if level < chunk.level]
        above = inherited[-1][1] if inherited else None
        phase = Phase.EXECUTE if chunk.line in stray else _phase(chunk, above, found)
        if chunk.level > 0:  # what stands under the title says nothing of the sections below it
            inherited.append((chunk.level, phase))
        if phase is None:
            (found.behind if found.phases else found.before).append(chunk)
        else:
            found.phases.setdefault(phase, []).append(chunk)
    return found


def _stray_steps(chunks: list[Chunk]) -> set[int]:
    """The lines of numbered steps below a heading of Pre-flight, where no other heading names Execute."""
    named = [(chunk, phase_of(chunk.heading)) for chunk in chunks if chunk.level > 0]
    if any(phase is Phase.EXECUTE and not _NUMBERED.match(chunk.heading) for chunk, phase in named):
        return set()
    stray, above = set(), (0, False)
    for chunk, phase in named:
        if _NUMBERED.match(chunk.heading):
            stray.update([chunk.line] if above[1] and chunk.level > above[0] else [])
        elif phase is not None or chunk.level <= above[0]:
            above = (chunk.level, phase is Phase.PREFLIGHT)
    return stray


def _phase(chunk: Chunk, above: Phase | None, found: Arranged) -> Phase | None:
    own = phase_of(chunk.heading) if chunk.level > 0 else None
    if above in (Phase.ROLLBACK, Phase.PREFLIGHT, Phase.AFTER):
        return above
    if own is Phase.EXECUTE and is_verification(chunk.heading) and (_only_boxes(chunk) or has_list(chunk)):
        return Phase.AFTER
    if own or above:
        return own or above
    if not has_items(chunk):
        return None
    started = Phase.EXECUTE in found.phases
    if _only_boxes(chunk):
        return Phase.AFTER if started else Phase.PREFLIGHT
    return Phase.EXECUTE


def _only_boxes(chunk: Chunk) -> bool:
    runs = any(isinstance(part, Code) and is_runnable(part) for part in chunk.parts)
    return not runs and any(isinstance(part, Item) for part in chunk.parts)
