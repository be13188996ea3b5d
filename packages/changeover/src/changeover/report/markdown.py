"""The report as Markdown: to read, to mail, to keep beside the plan."""

from collections.abc import Iterator, Mapping, Sequence

from changeover.report.model import Report
from changeover.words import counted, megabytes, moment, planned, seconds


def render(report: Report) -> str:
    """The whole report."""
    parts = (_head, _steps, _rows, _availability, _failures, _people, _proof)
    return "\n".join(line for part in parts for line in part(report)).rstrip("\n") + "\n"


def _head(report: Report) -> Iterator[str]:
    yield f"# {report.title}: {report.ending.value if report.ending else 'cut off'}"
    yield ""
    yield report.sentence
    yield ""
    yield f"- Run `{report.run_id}`, {moment(report.begun_at)} to {moment(report.ended_at)}"
    yield f"- Database `{report.database}`"
    for sentence in report.felt:
        yield f"- {sentence}"
    if report.rollback_reason:
        yield f"- Went back because: {_cell(report.rollback_reason)}"
    yield ""


def _steps(report: Report) -> Iterator[str]:
    yield "## Steps"
    yield ""
    yield "| | step | planned | rehearsed | measured | writers held | found |"
    yield "|---|---|---:|---:|---:|---:|---|"
    phase = None
    for line in report.lines:
        if line.phase is not phase:
            phase = line.phase
            yield f"| | **{phase.value}** | | | | | |"
        times = (line.predicted_s, line.measured_s, line.frozen_s)
        cells = [line.verdict.value, _cell(line.label), planned(line.planned_s), *map(seconds, times)]
        cells.append(_cell(line.found, 80))
        yield f"| {' | '.join(cells)} |"
    yield ""


def _rows(report: Report) -> Iterator[str]:
    if not report.counts:
        return
    changed, same = report.rows
    yield "## Rows"
    yield ""
    if changed:
        yield from _table(changed)
    if same:
        yield f"<details><summary>{counted(len(same), 'table')} left alone</summary>"
        yield ""
        yield from _table(same)
        yield "</details>"
        yield ""


def _table(counts: Mapping[str, tuple[int, int]]) -> Iterator[str]:
    yield "| table | before | after |"
    yield "|---|---:|---:|"
    for table, (before, after) in counts.items():
        yield f"| {_cell(table)} | {before:,} | {after:,} |"
    yield ""


def _availability(report: Report) -> Iterator[str]:
    asked, failed, slow = report.requests
    if not asked:
        return
    yield "## What users saw"
    yield ""
    yield f"{asked:,} requests, {failed} failed ({100 * (1 - failed / asked):.3f} % answered), {slow} slow."
    yield ""
    for trouble in [t for probe in report.probes for t in _troubles(probe)][:50]:
        yield f"- {trouble}"
    yield ""


def _failures(report: Report) -> Iterator[str]:
    if not report.failures:
        return
    yield "## What failed"
    yield ""
    for entry in report.failures:
        yield f"### {entry.id} at {moment(entry.at)}"
        yield ""
        yield "```text"
        yield entry.text("message")
        yield "```"
        yield ""
        if entry.text("hint"):
            yield entry.text("hint")
            yield ""


def _people(report: Report) -> Iterator[str]:
    yield "## Who"
    yield ""
    for session in report.sessions:
        yield f"- {moment(session.at)}: `{session.command}` by {session.who}: {session.ending}"
    for label, who, at in report.judgements:
        yield f"- {moment(at)}: {who} judged: {_cell(label)}"
    yield ""


def _proof(report: Report) -> Iterator[str]:
    yield "## Proof"
    yield ""
    backup, record = report.backup, report.rehearsal
    if backup:
        size = backup.get("bytes")
        yield f"- Backup `{backup.get('path')}`, {megabytes(size) if isinstance(size, int) else ''},"
        yield f"  SHA-256 `{backup.get('sha256')}`"
    if record:
        yield f"- Rehearsed {moment(record.at)} by {record.who}: {record.rows_compared:,} rows compared,"
        yield f"  {record.writes} new writes kept through a rollback;"
        yield f"  predicted freeze {seconds(record.frozen_s)}"
        yield from [f"  - {record.place}"] if record.place else []
    for name, why in report.accepted.items():
        yield f"- Accepted: `{name}`: {_cell(why)}"
    yield f"- Plan SHA-256 `{report.plan_sha256}`"
    for name, value in sorted(report.parameters.items()):
        yield f"- Parameter `{name}` = `{value}`"
    for entry in report.ledger:
        yield f"- Ledger: {entry.action} {entry.direction}, {entry.rows_changed:,} rows, by {entry.who},"
        yield f"  schema `{entry.schema_before[:12]}` to `{entry.schema_after[:12]}`"
    yield ""


def _troubles(probe: object) -> Sequence[str]:
    if not isinstance(probe, dict):
        return ()
    return [
        f"{moment(one['at'])}: {one['reason'] or 'slow'} after {seconds(one['s'])}"
        for one in probe["troubles"]
    ]


def _cell(text: str, limit: int = 200) -> str:
    line = " ".join(text.split()).replace("|", "\\|")
    return line if len(line) <= limit else f"{line[: limit - 3]}..."
