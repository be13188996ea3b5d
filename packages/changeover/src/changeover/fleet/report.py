"""The report of a plan on many databases: how many, what failed and why, and each one's own report."""

from collections.abc import Iterator
from html import escape
from pathlib import Path

from changeover.fleet.waves import NOT_BEGUN, DatabaseResult, Summary
from changeover.report.html import paged
from changeover.run.state_dir import write_whole
from changeover.words import seconds

COLUMNS = ("database", "outcome", "took", "writers held", "why")


def write(summary: Summary, title: str, folder: Path) -> tuple[Path, Path]:
    """Where the Markdown and the HTML are; each is there whole or not at all."""
    text, page = folder / "report.md", folder / "report.html"
    write_whole(text, markdown(summary, title))
    write_whole(page, html(summary, title))
    return text, page


def sentence(summary: Summary) -> str:
    """``48 done, 1 rolled back, 1 not begun; writers held 4.1 ms at most.``"""
    outcomes = dict.fromkeys(one.outcome for one in summary.results)
    counts = ", ".join(f"{summary.count(outcome)} {outcome}" for outcome in outcomes)
    longest_s = max((one.frozen_s for one in summary.results), default=0.0)
    why = f" Stopped: {summary.stopped}." if summary.stopped else ""
    return f"{counts}; writers held {seconds(longest_s)} at most.{why}"


def markdown(summary: Summary, title: str) -> str:
    """Failures first, then the rest as they were named."""
    lines = [f"# {title}: {len(summary.results)} databases", "", sentence(summary), ""]
    for record in summary.rehearsals:
        lines.append(f"- Rehearsed {record.place}: {record.rows_compared:,} rows compared")
    lines += ["", f"| {' | '.join(COLUMNS)} |", "|---|---|---:|---:|---|"]
    for one in _ordered(summary):
        cells = (" ".join(cell.split()).replace("|", "\\|") for cell in _cells(one))
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def html(summary: Summary, title: str) -> str:
    """The same as one page; every database leads to its own report."""
    return paged(title, "\n".join(_body(summary, title)))


def _body(summary: Summary, title: str) -> Iterator[str]:
    colour = "pass" if not summary.exit_code else "fail"
    yield f'<p class="ending {colour}">{"Done" if colour == "pass" else "Not all done"}</p>'
    yield f"<h1>{escape(title)}</h1>"
    yield f'<p class="why">{escape(sentence(summary))}</p>'
    yield "<table><thead><tr>"
    yield from (f"<th>{name}</th>" for name in COLUMNS)
    yield "</tr></thead><tbody>"
    for one in _ordered(summary):
        name, *rest = (escape(cell) for cell in _cells(one))
        link = f'<a href="{escape(Path(one.report).resolve().as_uri())}">{name}</a>' if one.report else name
        yield f"<tr><td>{link}</td>{''.join(f'<td>{cell}</td>' for cell in rest)}</tr>"
    yield "</tbody></table>"


def _ordered(summary: Summary) -> list[DatabaseResult]:
    return sorted(summary.results, key=lambda one: (not one.failed, one.outcome != NOT_BEGUN))


def _cells(one: DatabaseResult) -> tuple[str, ...]:
    return one.database, one.outcome, seconds(one.seconds), seconds(one.frozen_s), one.message
