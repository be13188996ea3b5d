"""Reads a plan file: `load_plan` gives the plan or every fault in it at once.

Rule: a fault is noted and reading goes on, so that one pass shows all. Order of work: text, front matter,
pieces of Markdown, then ids are given, blocks become actions, and boxes and expectations are bound to them.
"""

import re
from dataclasses import dataclass, field, replace
from pathlib import Path

from changeover.plan.attributes import Attributes
from changeover.plan.blocks import BlockReader
from changeover.plan.frontmatter import Node, Unreadable, parse_front_matter, split_front_matter
from changeover.plan.header import read_header
from changeover.plan.markdown import Block, Checkbox, CodeBlock, Heading, read_blocks
from changeover.plan.model import AnyAction, Box, Expect, Phase, Plan, Section, Step
from changeover.plan.problem_collector import Files, ProblemCollector, document_digest, suggestion
from changeover.plan.text import normalise, slug
from changeover.plan.variables import with_undeclared
from changeover.problems import Position, Problem
from changeover.words import parse_duration

_PHASES = {
    "preflight": Phase.PREFLIGHT,
    "execute": Phase.EXECUTE,
    "rollback": Phase.ROLLBACK,
    "after": Phase.AFTER,
    "finish": Phase.FINISH,
}


def read_plan(path: Path) -> tuple[Plan | None, list[Problem]]:
    """As much of a plan as can be read, and the faults of its text (rules are `changeover.check.rules`)."""
    try:
        text = normalise(path.read_bytes().decode("utf-8"))
    except OSError as error:
        hint = "name the plan's own file, such as plans/PLAN.md"
        message = f"cannot read the plan: {error.strerror}"
        return None, [Problem(Position(str(path), 1), "unreadable", message, hint)]
    except UnicodeDecodeError:
        hint = f"save it as UTF-8, for example: iconv -f cp1252 -t utf-8 {path.name}"
        return None, [Problem(Position(path.name, 1), "unreadable", "the plan is not UTF-8 text", hint)]
    return read_text(text, path)


def read_text(text: str, path: Path) -> tuple[Plan | None, list[Problem]]:
    """As `read_plan`, for a normalised text that stands (or will stand) at ``path``."""
    problems = ProblemCollector()
    problems.mojibake(text, path.name)
    nodes, first_line = _front_matter(text, path.name, problems)
    blocks, in_blocks = read_blocks(text, path.name, first_line=first_line)
    problems.found.extend(in_blocks)
    files = Files(path.parent, problems)
    header = read_header(nodes, Position(path.name, 1), files, problems)
    document = _Document(path.name, files, problems)
    sections = document.read(blocks)
    plan = Plan(
        path=path,
        title=document.title,
        text=text,
        sha256=document_digest(text, files.read.values()),
        position=Position(path.name, 1),
        files=tuple(files.read[name] for name in sorted(files.read)),
        sections=sections,
        **header,
    )
    return with_undeclared(plan), problems.found


def _front_matter(text: str, file: str, problems: ProblemCollector) -> tuple[dict[str, Node], int]:
    first_line = 1
    try:
        inside, first_line = split_front_matter(text)
        if inside is not None:
            return dict(parse_front_matter(inside)), first_line
        hint = (
            "begin the plan with a line '---', settings such as 'database: ...', and a line '---';"
            f" of a prose runbook 'changeover adopt {file}' makes a plan"
        )
        problems.add(Position(file, 1), "front-matter", "the plan has no front matter", hint)
    except Unreadable as error:
        problems.add(Position(file, error.line), "front-matter", str(error))
    return {}, first_line


@dataclass
class _StepDraft:
    id: str
    title: str
    position: Position
    budget_s: float | None = None
    boxes: list[Box] = field(default_factory=list)
    actions: list[AnyAction] = field(default_factory=list)


@dataclass
class _SectionDraft:
    phase: Phase
    title: str
    position: Position
    budget_s: float | None
    steps: list[_StepDraft] = field(default_factory=list)


class _Document:
    """Walks the blocks of one document and makes its sections."""

    def __init__(self, file: str, files: Files, problems: ProblemCollector) -> None:
        self.file, self.files, self.problems = file, files, problems
        self.title = ""
        self.section: _SectionDraft | None = None
        self.sections: list[_SectionDraft] = []
        self.expects: list[tuple[str, Expect]] = []
        self.ids: set[str] = set()

    def read(self, blocks: list[Block]) -> tuple[Section, ...]:
        """The sections; every fault on the way is noted."""
        self._reserve_ids(blocks)
        for block in blocks:
            if isinstance(block, Heading):
                self._heading(block)
            elif isinstance(block, Checkbox):
                self._box(block)
            elif block.attributes is not None:
                self._code_block(block)
        if not self.title:
            self.problems.add(
                Position(self.file, 1), "title", "the plan has no title", "write one: # What changes"
            )
        self._bind_expectations()
        self._bind_boxes()
        return tuple(_finished(section) for section in self.sections)

    def _reserve_ids(self, blocks: list[Block]) -> None:
        steps: dict[str, Position] = {}
        others: dict[str, Position] = {}
        for block in blocks:
            identity = block.attributes.id if block.attributes else None
            if identity is None:
                continue
            taken = steps if isinstance(block, Heading) else others
            if identity in taken:
                message = f"the id #{identity} is already at line {taken[identity].line}"
                self.problems.add(block.position, "duplicate-id", message, "give one of the two another id")
            taken.setdefault(identity, block.position)
        self.ids = set(others)

    def _new_id(self, wanted: str) -> str:
        name, number = wanted, 2
        while name in self.ids:
            name, number = f"{wanted}-{number}", number + 1
        self.ids.add(name)
        return name

    def _heading(self, heading: Heading) -> None:
        if heading.level == 1:
            if self.title:
                self.problems.add(
                    heading.position, "title", "a second title", "use ## for sections, ### for steps"
                )
            self.title = self.title or heading.text
        elif heading.level == 2:
            self._open_section(heading)
        elif heading.level == 3 and self.section is not None:
            budget_s = self._budget(heading)
            name = (heading.attributes and heading.attributes.id) or slug(heading.text)
            taken = {step.id for section in self.sections for step in section.steps}
            step_id = name if name not in taken else f"{name}-{len(taken) + 1}"
            self.section.steps.append(_StepDraft(step_id, heading.text, heading.position, budget_s))
        elif heading.attributes is not None:
            hint = "only ## sections and ### steps inside them have attributes"
            self.problems.add(heading.position, "attribute", f"{heading.text!r} is prose", hint)

    def _open_section(self, heading: Heading) -> None:
        phase = _PHASES.get(re.sub(r"[^a-z]", "", heading.text.lower()))
        if phase is None:
            self.section = None
            if heading.attributes is not None:
                hint = "sections that run are Pre-flight, Execute, Rollback, After and Finish"
                self.problems.add(heading.position, "attribute", f"{heading.text!r} is prose", hint)
            return
        if any(section.phase is phase for section in self.sections):
            hint = "join the two; each phase is one section"
            self.problems.add(
                heading.position, "duplicate-section", f"a second section {heading.text!r}", hint
            )
        self.section = _SectionDraft(phase, heading.text, heading.position, self._budget(heading))
        self.sections.append(self.section)

    def _budget(self, heading: Heading) -> float | None:
        attributes = heading.attributes or Attributes()
        for name in attributes.values:
            if name != "budget":
                hint = suggestion(name, ("budget",))
                self.problems.add(heading.position, "unknown-attribute", f"a heading has no {name!r}", hint)
        try:
            return parse_duration(attributes.values["budget"]) if "budget" in attributes.values else None
        except ValueError as error:
            self.problems.add(heading.position, "attribute", f"budget: {error}")
            return None

    def _step(self, position: Position, what: str) -> _StepDraft | None:
        """The step that a block belongs to; None outside the sections that run (which is noted)."""
        if self.section is None:
            hint = "move it under ## Pre-flight, ## Execute, ## Rollback, ## After or ## Finish"
            self.problems.add(position, "outside-section", f"{what} outside every section that runs", hint)
            return None
        if not self.section.steps:
            section = self.section
            section.steps.append(_StepDraft(section.phase.value, section.title, section.position))
        return self.section.steps[-1]

    def _box(self, box: Checkbox) -> None:
        step = self._step(box.position, "a box")
        attributes = box.attributes or Attributes()
        for name in attributes.values:
            hint = "a box has only an id: - [ ] text {#id}"
            self.problems.add(box.position, "unknown-attribute", f"a box has no {name!r}", hint)
        if step is not None:
            box_id = attributes.id or self._new_id(slug(box.text))
            step.boxes.append(Box(box_id, box.text, box.ticked, box.position))

    def _code_block(self, block: CodeBlock) -> None:
        reader = BlockReader(block, self.files, self.problems)
        if not reader.check_names():
            return
        step = self._step(block.position, f"a block {block.language} with braces")
        if reader.language == "expect":
            self.expects.append((reader.get("for", str) or "", reader.expectation()))
        elif step is not None:
            box = next((box for box in step.boxes if box.id == reader.get("for", str)), None)
            base = f"{box.id}-check" if box else step.id
            action_id = reader.attributes.id or self._new_id(base)
            step.actions.append(reader.action(action_id, box.text if box else step.title))

    def _bind_expectations(self) -> None:
        steps = [step for section in self.sections for step in section.steps]
        for target, expect in self.expects:
            place = next(((s, i) for s in steps for i, a in enumerate(s.actions) if a.id == target), None)
            if place is None:
                ids = [action.id for step in steps for action in step.actions]
                hint = f"write {{for=<id of a block>}}; {suggestion(target, ids)}"
                self.problems.add(expect.position, "unknown-id", f"nothing is called {target!r}", hint)
                continue
            step, index = place
            if step.actions[index].expect is not None:
                hint = "keep one of expect= and the expect blocks"
                self.problems.add(expect.position, "two-expectations", f"{target} has two expectations", hint)
            step.actions[index] = replace(step.actions[index], expect=expect)

    def _bind_boxes(self) -> None:
        for section in self.sections:
            boxes = {box.id: [a.id for s in section.steps for a in s.actions if a.for_box == box.id]
                     for step in section.steps for box in step.boxes}  # fmt: skip
            for step in section.steps:
                step.boxes = [replace(box, actions=tuple(boxes[box.id])) for box in step.boxes]
                for action in step.actions:
                    if action.for_box is not None and action.for_box not in boxes:
                        hint = f"for= names a box of the same section; {suggestion(action.for_box, boxes)}"
                        message = f"this section has no box {action.for_box!r}"
                        self.problems.add(action.position, "unknown-id", message, hint)


def _finished(section: _SectionDraft) -> Section:
    steps = tuple(
        Step(step.id, step.title, step.position, step.budget_s, tuple(step.boxes), tuple(step.actions))
        for step in section.steps
    )
    return Section(section.phase, section.title, section.position, section.budget_s, steps)
