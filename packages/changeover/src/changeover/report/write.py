"""Writes a report to its run's folder, or where it is wanted."""

from pathlib import Path

from changeover.report import html as webpage
from changeover.report import markdown as texts
from changeover.report.model import Report
from changeover.run.state_dir import write_whole


def write(report: Report, *, html: Path | None = None, markdown: Path | None = None) -> tuple[Path, Path]:
    """Where the Markdown and the HTML are; each is there whole or not at all."""
    text = markdown or report.folder / "report.md"
    page = html or report.folder / "report.html"
    write_whole(text, texts.render(report))
    write_whole(page, webpage.render(report))
    return text, page
