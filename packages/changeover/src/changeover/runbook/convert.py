"""`adopt`: an ordinary prose runbook becomes a plan, with the list of what a person must still decide.

Rule: the plan that comes out is checked like any other, and every error that is left is a decision: the list
cannot be shorter than the truth.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from changeover.check.rules import check
from changeover.plan.model import Phase
from changeover.plan.read import read_text
from changeover.plan.text import normalise, repair
from changeover.problems import Problem, Severity
from changeover.runbook.arrange import arrange
from changeover.runbook.drafts import Inferred
from changeover.runbook.lists import with_boxes
from changeover.runbook.source import Chunk, Item, read_chunks
from changeover.runbook.translate import Translator
from changeover.runbook.write import Drafts, bound_drafts, left_out, plan_lines, translate_all
from changeover.shell import credentials


@dataclass(frozen=True, slots=True)
class ConvertedRunbook:
    """A plan made of a runbook.

    ``decisions`` are the errors that `check` finds, with the plan's lines; ``inferred`` names the runbook's.
    """

    plan_text: str
    inferred: tuple[Inferred, ...]
    decisions: tuple[Problem, ...]


def read_runbook(data: bytes) -> str:
    """The text of a runbook: UTF-8 where it is, else cp1252."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def adopt(text: str, *, folder: Path | None = None, name: str = "PLAN.md") -> ConvertedRunbook:
    """The plan of a runbook. Scripts that it names are looked for in ``folder``, beside the plan."""
    source = repair(normalise(text))
    title, chunks = _title(read_chunks(source))
    arranged = arrange(chunks)
    for phase, found in arranged.phases.items():
        arranged.phases[phase] = [with_boxes(chunk, phase) for chunk in found]
    sorted_chunks = [chunk for found in arranged.phases.values() for chunk in found]
    translator = Translator(sorted_chunks, arranged.phases.get(Phase.EXECUTE, []), folder)
    _note_text(text, source, translator)
    drafts = translate_all(arranged, translator)
    translator.note_secrets(credentials.certain(source), 1)
    _note_boxes(sorted_chunks, drafts, translator)
    lines = plan_lines(title, arranged, translator, drafts, source)
    plan_text = _without_secrets("\n".join(lines).rstrip("\n") + "\n", translator.secrets)
    plan, problems = read_text(plan_text, (folder or Path()) / name)
    faults = [*problems, *(check(plan) if plan else [])]
    decisions = [problem for problem in faults if problem.severity is Severity.ERROR]
    decisions.sort(key=lambda problem: (problem.position.file, problem.position.line))
    return ConvertedRunbook(
        plan_text, tuple(sorted(translator.inferred, key=lambda i: i.line)), tuple(decisions)
    )


def _title(chunks: list[Chunk]) -> tuple[str, list[Chunk]]:
    """The first heading of the first level is the title; what stands under it goes on without heading."""
    for chunk in chunks:
        if chunk.level == 1 and chunk.heading and not chunk.heading.endswith("}"):
            title, chunk.heading, chunk.level = chunk.heading, "", 0
            return title, chunks
    return "Migration", chunks


def _note_text(text: str, source: str, translator: Translator) -> None:
    if "\r" in text:
        translator.note(1, "Windows line ends became plain ones")
    if source != normalise(text):
        translator.note(1, "garbled text (UTF-8 read as cp1252) was repaired")
    if translator.database:
        translator.note(1, f"the database is {translator.database}; its address comes from DATABASE_URL")
    if translator.app:
        translator.note(1, f"the application answers at {translator.app}: parameter app")


def _note_boxes(chunks: list[Chunk], drafts: Drafts, translator: Translator) -> None:
    for chunk in chunks:
        for part, after in chunk.pairs():
            if not isinstance(part, Item) or bound_drafts(part, after, drafts):
                continue
            if part.ticked:
                translator.note(
                    part.line, "a ticked box has no check: it is open again, and a person is asked"
                )
            elif part.listed and not left_out(part, after, drafts):
                translator.note(part.line, "an item of a list is a box: a person is asked")


def _without_secrets(text: str, secrets: list[tuple[str, str]]) -> str:
    for literal, name in sorted(secrets, key=lambda one: -len(one[0])):
        if len(literal) >= 6:
            text = text.replace(literal, f"${{{name}}}")
        else:
            text = re.sub(rf"(?<![\w$]){re.escape(literal)}(?!\w)", f"${{{name}}}", text)
    return text
