"""The drawings of the report as inline SVG: when each task ran, and what users felt meanwhile.

Rule: colours are CSS variables of the page, so that a drawing follows light and dark; every mark has a title
that a pointer, or a screen reader, can ask for.
"""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from math import ceil, log10

from changeover.display.steps import Line, Verdict
from changeover.plan.model import Phase
from changeover.words import format_duration, seconds

WIDTH, LEFT, RIGHT, ROW = 960, 250, 90, 22
MARKS = {Verdict.PASSED: "pass", Verdict.BACK: "back", Verdict.FAILED: "fail", Verdict.CUT_OFF: "fail"}
STRIP = 70


def timeline(lines: Sequence[Line]) -> str:
    """Bars on one axis of time: each task from its start for as long as it took, coloured by verdict."""
    ran = [line for line in lines if line.start_s is not None]
    if not ran:
        return ""
    end_s = length_s(ran)
    height = ROW * len(ran) + 34
    axis = _Axis(end_s * 1.02, height - 30)
    parts = [*axis.draw()]
    for number, line in enumerate(ran):
        parts += _bar(line, number * ROW, axis)
    label = f"Timeline of {len(ran)} tasks over {seconds(end_s)}"
    return _svg(height, label, parts)


def length_s(lines: Sequence[Line]) -> float:
    """How long the axis is: to the end of the last task."""
    return max((max(line.start_s or 0, 0) + (line.measured_s or 0) for line in lines), default=0.0) or 1.0


def availability(probe: Mapping[str, object], label: str, *, offset_s: float, end_s: float) -> str:
    """The slowest answers as bars on the axis of the timeline; a span with failed requests is marked."""
    found, span_s = probe.get("buckets"), probe.get("bucket_s")
    if not isinstance(found, list) or not found or not isinstance(span_s, int | float):
        return ""
    last_s = offset_s + span_s * (found[-1][0] + 1)
    tallest = max(*(row[3] for row in found), 1.0)
    axis = _Axis(max(end_s, last_s) * 1.02, STRIP)
    width = max(span_s * axis.scale - 0.3, 0.6)
    edge = LEFT - 8
    parts = [*axis.draw(), f'<text class="dim" x="{edge}" y="12" text-anchor="end">{tallest:.0f} ms</text>']
    parts.append(f'<text class="dim" x="{edge}" y="{STRIP}" text-anchor="end">0</text>')
    for number, asked, failed, worst in found:
        at_s = offset_s + number * span_s
        height = max(STRIP * worst / tallest, 1.0)
        kind = "fail" if failed else "probe"
        words = f"{at_s:.1f} s: {asked} requests, {failed} failed, slowest {worst:g} ms"
        parts.append(
            f'<rect class="{kind}" x="{axis.x(at_s):.1f}" y="{STRIP - height:.1f}" width="{width:.1f}"'
            f' height="{height:.1f}"><title>{escape(words)}</title></rect>'
        )
    return _svg(STRIP + 30, label, parts)


class _Axis:
    """Seconds to pixels, with ticks at round numbers."""

    def __init__(self, end_s: float, height: float, *, left: int = LEFT, right: int = RIGHT) -> None:
        self.end_s, self.height, self.left = end_s, height, left
        self.scale = (WIDTH - left - right) / end_s

    def x(self, at_s: float) -> float:
        """Where a moment is."""
        return self.left + at_s * self.scale

    def draw(self) -> Iterator[str]:
        """Grid lines with their seconds."""
        step = _round_step(self.end_s / 6)
        for number in range(int(self.end_s / step) + 1):
            x = self.x(number * step)
            yield f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="{self.height}"/>'
            yield (
                f'<text class="dim" x="{x:.1f}" y="{self.height + 18}" text-anchor="middle">'
                f"{number * step:g} s</text>"
            )


def _bar(line: Line, top: int, axis: _Axis) -> Iterator[str]:
    start, taken = line.start_s or 0.0, line.measured_s or 0.0
    kind = MARKS.get(line.verdict, "wait")
    if line.phase is Phase.ROLLBACK and line.verdict is Verdict.PASSED:
        kind = "back"
    x, width = axis.x(start), max(taken * axis.scale, 3.0)
    words = f"{line.label}: {line.verdict}, {seconds(line.measured_s)}"
    if line.planned_s is not None:
        words += f" of {format_duration(line.planned_s)} planned"
    yield f"<g><title>{escape(words)}</title>"
    yield f'<text x="{LEFT - 12}" y="{top + 15}" text-anchor="end">{escape(_short(line.label))}</text>'
    if line.planned_s is not None:
        ends = min(axis.x(start + line.planned_s), axis.x(axis.end_s))
        yield f'<line class="plan" x1="{x:.1f}" x2="{ends:.1f}" y1="{top + 11}" y2="{top + 11}"/>'
    yield f'<rect class="{kind}" x="{x:.1f}" y="{top + 5}" width="{width:.1f}" height="12" rx="2"/>'
    if line.frozen_s:
        held = max(line.frozen_s * axis.scale, 2.0)
        yield f'<rect class="held" x="{x:.1f}" y="{top + 17}" width="{held:.1f}" height="3"/>'
    beside = f'x="{x + width + 6:.1f}" y="{top + 15}"'
    yield f'<text class="dim halo" {beside}>{seconds(line.measured_s)}</text></g>'


def _svg(height: float, label: str, parts: Sequence[str]) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {height:g}" role="img" aria-label="{escape(label)}">'
        + "".join(parts)
        + "</svg>"
    )


def _round_step(least: float) -> float:
    """The smallest of 1, 2, 5 x 10^n that is not below ``least``."""
    power = 10.0 ** (ceil(log10(least)) - 1) if least > 0 else 0.1
    return float(next(step * power for step in (1, 2, 5, 10, 20) if step * power >= least))


def _short(text: str) -> str:
    return text if len(text) <= 36 else f"{text[:35]}…"
