"""Writes the plan: front matter, title, prose, phases with their steps, and the rest of the prose.

Rule: prose stands as it stood; a command that became a block stands above it in a comment.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import replace

from changeover.plan.model import Phase
from changeover.plan.text import slug
from changeover.runbook.arrange import Arranged, has_items
from changeover.runbook.classify import limit_s, stated_s
from changeover.runbook.drafts import Draft, as_comment
from changeover.runbook.source import Chunk, Code, Item, Part, Prose
from changeover.runbook.translate import Translator, is_runnable
from changeover.words import format_duration

_TITLES = {
    Phase.PREFLIGHT: "Pre-flight",
    Phase.EXECUTE: "Execute",
    Phase.ROLLBACK: "Rollback",
    Phase.AFTER: "After",
}
_EXPECTED = re.compile(r"(?i)expect|should (?:see|return|print|show)|output|result")

Drafts = dict[int, list[Draft]]
"""Drafts by the line of the runbook's block."""


def translate_all(arranged: Arranged, translator: Translator) -> Drafts:
    """The drafts of every runnable block in a phase."""
    found: Drafts = {}
    for phase in _TITLES:
        for chunk in arranged.phases.get(phase, []):
            last: Draft | None = None
            before: Prose | None = None
            item: Item | None = None
            for part in chunk.parts:
                if isinstance(part, Code) and is_runnable(part):
                    drafts = translator.drafts(part, chunk.heading, phase)
                    found[part.line] = found.get(part.line, []) + drafts
                    if item is not None and part.nested:
                        _bind(item, drafts, translator)
                    last = drafts[-1] if drafts else last
                elif isinstance(part, Code) and last is not None and _announces(before):
                    _expect(last, part, found, translator)
                before = part if isinstance(part, Prose) else None
                item = part if isinstance(part, Item) else (item if isinstance(part, Code) else None)
    translator.derive_undo()
    return found


def _bind(item: Item, drafts: list[Draft], translator: Translator) -> None:
    """What only looks, right under a box, proves it."""
    if not drafts or not all(draft.is_check for draft in drafts):
        return
    words = re.sub(r"https?://", "", item.lines[0].partition("]")[2])
    identity = translator.new_id(slug(words, words=4))
    for draft in drafts:
        draft.id = translator.new_id(f"{identity}-check")
        draft.attributes = {"for": identity, **draft.attributes}
    translator.note(item.line, f"the box {identity} is proven by {', '.join(draft.id for draft in drafts)}")


def bound_drafts(item: Item, after: Part | None, drafts: Drafts) -> list[Draft]:
    """The checks of a box."""
    found = drafts.get(after.line, []) if isinstance(after, Code) and after.nested else []
    return [draft for draft in found if "for" in draft.attributes]


def left_out(item: Item, after: Part | None, drafts: Drafts) -> bool:
    """Whether an item of a list only names commands that the plan does without."""
    return item.listed and isinstance(after, Code) and after.nested and drafts.get(after.line) == []


def _announces(prose: Prose | None) -> bool:
    lines = [line for line in prose.lines if line.strip()] if prose else []
    said, colon, rest = lines[-1].rpartition(":") if lines else ("", "", "")
    return bool(colon) and _EXPECTED.search(said) is not None and re.search(r"\w", rest) is None


def _expect(last: Draft, part: Code, found: Drafts, translator: Translator) -> None:
    """A plain block under "Expected output:" is what the last query must print."""
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
    """Whether a step is left when the blocks that changeover makes needless are left out."""
    parts = [part for part in chunk.parts if not isinstance(part, Code) or drafts.get(part.line, True)]
    return has_items(replace(chunk, parts=parts))


def _front_matter(arranged: Arranged, translator: Translator, text: str) -> list[str]:
    lines = ["---", "database: ${database_url}"]
    downtime_s = stated_s(text, "downtime|outage|maintenance window")
    steps = [chunk for chunk in arranged.phases.get(Phase.EXECUTE, []) if has_items(chunk)]
    limits = [limit_s(chunk.heading) for chunk in steps]
    if downtime_s is None and limits and all(limits):
        downtime_s = sum(limit or 0.0 for limit in limits)
        translator.note(1, f"downtime: {format_duration(downtime_s)}, the sum of the steps")
    if downtime_s is not None:
        lines.append(f"downtime: {format_duration(downtime_s)}")
    back = arranged.phases.get(Phase.ROLLBACK, [])
    back_s = [limit_s(chunk.heading) or 0.0 for chunk in back]
    stated = stated_s("\n".join(_text(chunk) for chunk in back), r"within|limit|less than|under|takes?|time")
    within_s = max([*back_s[:1], sum(back_s[1:])]) or stated
    if within_s:
        lines.append(f"rollback-within: {format_duration(within_s)}")
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
    for name, about in translator.parameters.items():
        lines.append(f"  {name}: {{required: true, help: {json.dumps(about)}}}")
    names = dict.fromkeys(name for _, name in translator.secrets)
    return [*lines, *(f"  {name}: {{secret: true}}" for name in names), "---", ""]


def _text(chunk: Chunk) -> str:
    prose = (line for part in chunk.parts if isinstance(part, Prose) for line in part.lines)
    return "\n".join([chunk.heading, *prose])


def _chunk(chunk: Chunk, drafts: Drafts, level: int, phase: Phase | None) -> list[str]:
    lines = _heading(chunk, level, phase)
    written: set[int] = set()
    for part, after in chunk.pairs():
        if isinstance(part, Prose):
            lines += [*_trimmed(part.lines), ""]
        elif isinstance(part, Item):
            own = _as_listed(part) if left_out(part, after, drafts) else _item(part, after, drafts)
            lines += [*own, *([] if isinstance(after, Item) else [""])]
        elif part.line not in written:
            written.add(part.line)
            if drafts.get(part.line):
                lines += _code(part, drafts[part.line])
            elif part.lines:
                lines += _as_it_was(part, dropped=part.line in drafts)
    return lines


def _code(part: Code, drafts: list[Draft]) -> list[str]:
    """The drafts of a block below it in a comment; a script that stands whole in its draft needs none."""
    whole = not part.lines or (len(drafts) == 1 and drafts[0].body.strip() == part.text.strip())
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
        return [f"### {text} {{budget={format_duration(budget_s)}}}", ""]
    if text.endswith("}"):
        return [f"### {text} {{}}", ""] if level == 3 else [f"**{text}**", ""]
    return [f"{'#' * level} {text}", ""]


def _item(item: Item, after: Part | None, drafts: Drafts) -> list[str]:
    first = re.sub(r"\[[xX]\]", "[ ]", item.lines[0], count=1)
    lines = [first, *item.lines[1:]]
    if bound := bound_drafts(item, after, drafts):
        lines[-1] = f"{lines[-1].rstrip()} {{#{bound[0].attributes['for']}}}"
    elif lines[-1].rstrip().endswith("}"):
        lines[-1] = f"{lines[-1].rstrip()} {{}}"
    return [*lines, *_trimmed(item.below)] if any(line.strip() for line in item.below) else lines


def _as_listed(item: Item) -> list[str]:
    """An item of a list as it stood in the runbook."""
    return [item.lines[0].replace("[ ] ", "", 1), *item.lines[1:], *item.below]


def _as_it_was(part: Code, *, dropped: bool) -> list[str]:
    """A block that does not run: verbatim, in a comment where it was left out or would run by its braces."""
    first = part.lines[0] if part.lines else ""
    mark = re.match(r"`{3,}|~{3,}", first)
    if dropped or mark is None or "{" in first or part.language == "text":
        return [*as_comment(part.lines, f"runbook, line {part.line}:"), ""]
    closed = len(part.lines) > 1 and part.lines[-1].strip().strip("`~") == ""
    return [*part.lines, *([] if closed else [mark.group()]), ""]
