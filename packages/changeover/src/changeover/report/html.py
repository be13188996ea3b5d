"""The report as one page of HTML that needs nothing else: no script, no font, no picture from elsewhere.

Rule: every text of the run passes `escape`; there is no other way into the page. All style is in its one
`<style>`, so that a strict Content-Security-Policy can name it by its hash.
"""

from collections.abc import Iterator, Mapping
from html import escape
from importlib.resources import files

from changeover.display.steps import Line, Verdict
from changeover.display.terminal import SIGNS
from changeover.engine.entries import Ending
from changeover.report.model import Report
from changeover.report.timeline import MARKS, availability, length_s, timeline
from changeover.words import counted, megabytes, moment, planned, seconds

COLOURS = {
    Ending.DONE: "pass",
    Ending.FINISHED: "pass",
    Ending.ROLLED_BACK: "back",
    Ending.STOPPED: "back",
}
LEGEND = (
    '<p class="legend"><i class="pass"></i>passed<i class="back"></i>way back<i class="fail"></i>failed'
    '<i class="held"></i>writers held; dotted: planned</p>'
)


def render(report: Report) -> str:
    """The whole page."""
    parts = (_head, _figures, _timeline, _availability, _steps, _failures, _rows, _people, _proof)
    return paged(report.title, "\n".join(piece for part in parts for piece in part(report)))


def paged(title: str, body: str) -> str:
    """A page around a body: one file that needs nothing else."""
    style = files("changeover.report").joinpath("style.css").read_text("utf-8")
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>\n{style}</style>\n</head>\n"
        f"<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


def _head(report: Report) -> Iterator[str]:
    ending = report.ending.value.capitalize() if report.ending else "Cut off"
    colour = COLOURS.get(report.ending, "fail") if report.ending else "fail"
    yield f'<p class="ending {colour}">{escape(ending)}</p>'
    yield f"<h1>{escape(report.title)}</h1>"
    yield f'<p class="dim">{moment(report.begun_at)} · <code>{escape(report.database)}</code></p>'
    why = report.rollback_reason or report.reason
    if why:
        yield f'<p class="why">{"Went back: " if report.rollback_reason else ""}{escape(why)}</p>'
    yield f"<p>{escape(' '.join(report.felt))}</p>"


def _figures(report: Report) -> Iterator[str]:
    asked, failed, slow = report.requests
    figures = [
        (seconds(report.worked_s), "from first check to last"),
        (seconds(report.frozen_s) or "0", "writers held"),
    ]
    if asked:
        figures.append((f"{100 * (1 - failed / asked):.2f} %", f"of {asked:,} requests answered"))
        figures.append((f"{failed:,}", f"requests failed, {slow:,} slow"))
    size = report.backup.get("bytes")
    if isinstance(size, int):
        figures.append((megabytes(size), "backed up before"))
    cells = "".join(f"<div><b>{escape(big)}</b><span>{escape(small)}</span></div>" for big, small in figures)
    yield f'<div class="figures">{cells}</div>'


def _timeline(report: Report) -> Iterator[str]:
    drawing = timeline(report.lines)
    if drawing:
        yield f'<h2>Timeline</h2><div class="wide">{drawing}</div>{LEGEND}'


def _steps(report: Report) -> Iterator[str]:
    if not report.lines:
        return
    yield '<h2>Steps</h2><div class="wide"><table><thead><tr><th>verdict</th><th>step</th>'
    yield '<th class="n">planned</th><th class="n">rehearsed</th><th class="n">measured</th>'
    yield '<th class="n">writers held</th></tr></thead><tbody>'
    phase = None
    for line in report.lines:
        if line.phase is not phase:
            phase = line.phase
            yield f'<tr class="phase"><td colspan="6">{phase.value.capitalize()}</td></tr>'
        yield _step(line)
    yield "</tbody></table></div>"


def _step(line: Line) -> str:
    sign = SIGNS[line.verdict][0]
    colour = MARKS.get(line.verdict, "dim")
    found = f'<div class="found">{escape(_short(line.found))}</div>' if line.found else ""
    tries = f" ({line.attempts} tries)" if line.attempts > 1 else ""
    return (
        f'<tr><td class="verdict {colour}">{sign} {line.verdict}{tries}</td>'
        f"<td>{escape(line.label)}{found}</td>"
        f'<td class="n">{planned(line.planned_s)}</td><td class="n">{seconds(line.predicted_s)}</td>'
        f'<td class="n">{seconds(line.measured_s)}{_budget(line)}</td>'
        f'<td class="n">{seconds(line.frozen_s)}</td></tr>'
    )


def _budget(line: Line) -> str:
    """A little bar: how much of what was planned was used."""
    if line.planned_s is None or line.measured_s is None or line.verdict is Verdict.NOT_RUN:
        return ""
    share = 100 * line.measured_s / line.planned_s if line.planned_s else 100.0
    over = ' class="over"' if share > 100 else ""
    return (
        f'<svg class="budget" viewBox="0 0 100 6" role="img" aria-label="{share:.1f} % of what was planned">'
        f'<rect{over} width="{max(min(share, 100), 2.5):.1f}" height="6"/></svg>'
    )


def _rows(report: Report) -> Iterator[str]:
    if not report.counts:
        return
    changed, same = report.rows
    yield "<h2>Rows</h2>"
    if changed:
        yield from _table(changed)
    if same:
        yield f"<details><summary>{counted(len(same), 'table')} left alone</summary>"
        yield from _table(same)
        yield "</details>"


def _table(counts: Mapping[str, tuple[int, int]]) -> Iterator[str]:
    yield '<div class="wide"><table><thead><tr><th>table</th><th class="n">before</th>'
    yield '<th class="n">after</th><th class="n">difference</th></tr></thead><tbody>'
    for table, (before, after) in counts.items():
        change = f"{after - before:+,}" if after != before else ""
        yield (
            f'<tr><td><code>{escape(table)}</code></td><td class="n">{before:,}</td>'
            f'<td class="n">{after:,}</td><td class="n">{change}</td></tr>'
        )
    yield "</tbody></table></div>"


def _availability(report: Report) -> Iterator[str]:
    if not report.probes:
        return
    yield "<h2>What users saw</h2>"
    for number, probe in enumerate(report.probes):
        name = report.sessions[number].command if number < len(report.sessions) else ""
        words = f"Slowest answers during {name}; red where a request failed"
        drawing = availability(probe, words, offset_s=report.offsets_s[number], end_s=length_s(report.lines))
        yield f'<p class="dim">{escape(words)}</p><div class="wide">{drawing}</div>'
        troubles = probe.get("troubles")
        if isinstance(troubles, list) and troubles:
            rows = "".join(
                f"<tr><td>{moment(t['at'])}</td><td>{escape(t['reason'] or 'slow')}</td>"
                f'<td class="n">{seconds(t["s"])}</td></tr>'
                for t in troubles[:20]
            )
            yield f"<table><tbody>{rows}</tbody></table>"


def _failures(report: Report) -> Iterator[str]:
    if not report.failures:
        return
    yield "<h2>What failed</h2>"
    for entry in report.failures:
        place = entry.text("position")
        yield f"<p><b>{escape(entry.id)}</b> {f'<code>{escape(place)}</code>' if place else ''}"
        yield f'<span class="dim">{moment(entry.at)}</span></p><pre>{escape(entry.text("message"))}</pre>'
        if entry.text("hint"):
            yield f"<p>{escape(entry.text('hint'))}</p>"


def _people(report: Report) -> Iterator[str]:
    yield "<h2>Who</h2><dl>"
    for one in report.sessions:
        yield f"<dt>{moment(one.at)}</dt><dd>{escape(one.who)}: {one.command}, {escape(one.ending)}</dd>"
    for label, who, at in report.judgements:
        yield f"<dt>{moment(at)}</dt><dd>{escape(who)} judged: {escape(label)}</dd>"
    yield "</dl>"


def _proof(report: Report) -> Iterator[str]:
    yield "<h2>Proof</h2><dl>"
    backup, record = report.backup, report.rehearsal
    if backup:
        yield f"<dt>Backup</dt><dd><code>{escape(str(backup.get('path')))}</code>"
        yield f"<br>SHA-256 <code>{escape(str(backup.get('sha256')))}</code></dd>"
    if record:
        yield f"<dt>Rehearsal</dt><dd>{moment(record.at)} by {escape(record.who)}:"
        yield f" {record.rows_compared:,} rows compared, {record.writes} new writes kept through a rollback,"
        place = f" ({escape(record.place)})" if record.place else ""
        yield f" freeze predicted {seconds(record.frozen_s)}{place}</dd>"
    for name, why in report.accepted.items():
        yield f"<dt>Accepted</dt><dd><code>{escape(name)}</code>: {escape(why)}</dd>"
    yield f"<dt>Plan</dt><dd>SHA-256 <code>{escape(report.plan_sha256)}</code></dd>"
    for name, value in sorted(report.parameters.items()):
        yield f"<dt>Parameter {escape(name)}</dt><dd><code>{escape(str(value))}</code></dd>"
    for entry in report.ledger:
        yield f"<dt>Ledger</dt><dd>{escape(entry.action)}, {entry.direction}: {entry.rows_changed:,} rows,"
        yield f" schema <code>{entry.schema_before[:12]}</code>"
        yield f" to <code>{entry.schema_after[:12]}</code></dd>"
    yield f"<dt>Run</dt><dd><code>{escape(report.run_id)}</code></dd></dl>"


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 160 else f"{line[:157]}..."
