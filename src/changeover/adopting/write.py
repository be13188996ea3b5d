"""Writes the plan: front matter, title, prose, phases with their steps, and the rest of the prose.

Rule: prose stands as it stood; a command that became a fence stands above it in a comment.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import replace

from changeover.adopting.arrange import Arranged, has_items
from changeover.adopting.classify import limit_s, stated_s
from changeover.adopting.drafts import Draft, as_comment
from changeover.adopting.source import Chunk, Code, Item, Prose
from changeover.adopting.translate import Translator, is_runnable
from changeover.budgets import spoken
from changeover.plan import Phase
from changeover.text import slug

_TITLES = {
    Phase.PREFLIGHT: "Pre-flight",
    Phase.EXECUTE: "Execute",
    Phase.ROLLBACK: "Rollback",
    Phase.AFTER: "After",
}
_EXPECTED = re.compile(r"(?i)(?:expect|should (?:see|return|print|show)|output|result)[^\n]*:\W*$")

Drafts = dict[int, list[Draft]]
"""Drafts by the line of the runbook's fence."""


def translate_all(arranged: Arranged, translator: Translator) -> Drafts:
    """The drafts of every runnable fence in a phase."""
    found: Drafts = {}
    for phase in _TITLES:
        for chunk in arranged.phases.get(phase, []):
            last: Draft | None = None
            before: Prose | None = None
            for part in chunk.parts:
                if isinstance(part, Code) and is_runnable(part):
                    found[part.line] = translator.drafts(part, chunk.heading, phase)
                    last = found[part.line][-1] if found[part.line] else last
                elif isinstance(part, Code) and last is not None and _announces(before):
                    _expect(last, part, found, translator)
                before = part if isinstance(part, Prose) else None
    translator.derive_undo()
    return found


def _announces(prose: Prose | None) -> bool:
    lines = [line for line in prose.lines if line.strip()] if prose else []
    return bool(lines) and _EXPECTED.search(lines[-1]) is not None


def _expect(last: Draft, part: Code, found: Drafts, translator: Translator) -> None:
    """A plain fence under "Expected output:" is what the last query must print."""
    if last.language != "http" and last.expected is None and "expect" not in last.attributes:
        last.expected = part.text.strip("\n")
        found[part.line] = []
        translator.note(part.line, f"this is what {last.id} must print")


def plan_lines(
    title: str, arranged: Arranged, translator: Translator, drafts: Drafts, text: str
) -> list[str]:
    """The lines of the plan."""
    lines = [*_front_matter(arranged, translator, text), f"# {title}", ""]
    for chunk in arranged.before:
        lines += _chunk(chunk, drafts, 2, None)
    for phase, name in _TITLES.items():
        chunks = arranged.phases.get(phase, [])
        if chunks:
            lines += [f"## {name}", ""]
        for index, chunk in enumerate(chunks):
            if index == 0 and slug(chunk.heading) == slug(name):
                chunk.heading = ""
            lines += _chunk(chunk, drafts, 3 if _does_something(chunk, drafts) else 4, phase)
    for chunk in arranged.behind:
        lines += _chunk(chunk, drafts, 2, None)
    return lines


def _does_something(chunk: Chunk, drafts: Drafts) -> bool:
    """Whether a step is left when the fences that changeover makes needless are left out."""
    kept = [part for part in chunk.parts if not isinstance(part, Code) or drafts.get(part.line, True)]
    return has_items(replace(chunk, parts=kept))


def _front_matter(arranged: Arranged, translator: Translator, text: str) -> list[str]:
    lines = ["---", "database: ${database_url}"]
    downtime_s = stated_s(text, "downtime|outage|maintenance window")
    steps = [chunk for chunk in arranged.phases.get(Phase.EXECUTE, []) if has_items(chunk)]
    steps_s = sum(limit_s(chunk.heading) or 0.0 for chunk in steps)
    if downtime_s is None and steps_s:
        downtime_s = steps_s
        translator.note(1, f"downtime: {spoken(downtime_s)}, the sum of the steps")
    if downtime_s is not None:
        lines.append(f"downtime: {spoken(downtime_s)}")
    back = arranged.phases.get(Phase.ROLLBACK, [])
    limits = [limit_s(chunk.heading) or 0.0 for chunk in back]
    stated = stated_s("\n".join(_text(chunk) for chunk in back), r"within|limit|less than|under|takes?|time")
    within_s = max([*limits[:1], sum(limits[1:])]) or stated
    if within_s:
        lines.append(f"rollback-within: {spoken(within_s)}")
    help_text = (
        f"the database that the runbook calls {translator.database}"
        if translator.database
        else "the database"
    )
    lines += [
        "parameters:",
        f"  database_url: {{env: DATABASE_URL, required: true, help: {json.dumps(help_text)}}}",
    ]
    if translator.app:
        lines.append(
            f'  app: {{default: {json.dumps(translator.app)}, help: "where the application answers"}}'
        )
    names = dict.fromkeys(name for _, name in translator.secrets)
    return [*lines, *(f"  {name}: {{secret: true}}" for name in names), "---", ""]


def _text(chunk: Chunk) -> str:
    prose = (line for part in chunk.parts if isinstance(part, Prose) for line in part.lines)
    return "\n".join([chunk.heading, *prose])


def _chunk(chunk: Chunk, drafts: Drafts, level: int, phase: Phase | None) -> list[str]:
    lines = _heading(chunk, level, phase)
    for part, after in zip(chunk.parts, [*chunk.parts[1:], None], strict=False):
        if isinstance(part, Prose):
            lines += [*_trimmed(part.lines), ""]
        elif isinstance(part, Item):
            lines += [*_item(part), *([] if isinstance(after, Item) else [""])]
        elif drafts.get(part.line):
            lines += _code(part, drafts[part.line])
        else:
            lines += _as_it_was(part, dropped=part.line in drafts)
    return lines


def _code(part: Code, drafts: list[Draft]) -> list[str]:
    """The drafts of a fence below it in a comment; a script that stands whole in its draft needs none."""
    whole = len(drafts) == 1 and drafts[0].body.strip() == part.text.strip()
    lines = [] if whole else [*as_comment(part.lines, f"runbook, line {part.line}:"), ""]
    for draft in drafts:
        lines += [*draft.lines(), ""]
    return lines


def _trimmed(lines: Sequence[str]) -> list[str]:
    """Lines without the blank ones at both ends."""
    filled = [index for index, line in enumerate(lines) if line.strip()]
    return list(lines[filled[0] : filled[-1] + 1])


def _heading(chunk: Chunk, level: int, phase: Phase | None) -> list[str]:
    text = chunk.heading
    if not text:
        return []
    budget_s = limit_s(text) if level == 3 and phase in (Phase.EXECUTE, Phase.ROLLBACK) else None
    if budget_s:
        return [f"### {text} {{budget={spoken(budget_s)}}}", ""]
    if text.endswith("}"):
        return [f"### {text} {{}}", ""] if level == 3 else [f"**{text}**", ""]
    return [f"{'#' * level} {text}", ""]


def _item(item: Item) -> list[str]:
    first = re.sub(r"\[[xX]\]", "[ ]", item.lines[0], count=1)
    lines = [first, *item.lines[1:]]
    if lines[-1].rstrip().endswith("}"):
        lines[-1] = f"{lines[-1].rstrip()} {{}}"
    return lines


def _as_it_was(part: Code, *, dropped: bool) -> list[str]:
    """A fence that does not run: verbatim, in a comment where it was left out or would run by its braces."""
    first = part.lines[0] if part.lines else ""
    mark = re.match(r"`{3,}|~{3,}", first)
    if dropped or mark is None or "{" in first or part.language == "text":
        return [*as_comment(part.lines, f"runbook, line {part.line}:"), ""]
    closed = len(part.lines) > 1 and part.lines[-1].strip().strip("`~") == ""
    return [*part.lines, *([] if closed else [mark.group()]), ""]
