"""What came of a command, as one JSON document: the same head for every verb and outcome.

``command``, ``outcome`` (a word), ``exit_code`` and what it ``means``; everything else is the verb's own.
docs/changeover-json.schema.json says it all, and a test holds every answer against it.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import click

from changeover.errors import BadParameter, ChangeoverError, NothingToDo, PlanErrors
from changeover.exits import Exit
from changeover.report.model import Report
from changeover.run.commands import Outcome
from changeover.run.records import Record

Answer = dict[str, Any]


def answer(command: str, outcome: str, exit_code: Exit, **more: object) -> Answer:
    """The document of a command: its head, then what is its own."""
    head = {"command": command, "outcome": outcome, "exit_code": exit_code.value, "means": exit_code.meaning}
    return {**more, **head}


def error_answer(command: str, error: ChangeoverError) -> Answer:
    """The document of a command that an error ended."""
    outcome = "nothing to do" if isinstance(error, NothingToDo) else "error"
    found = answer(
        command,
        outcome,
        error.exit_code,
        error=type(error).__name__,
        message=error.message,
        hint=error.hint,
        retryable=error.retryable,
    )
    if isinstance(error, PlanErrors):
        found["problems"] = [{**asdict(one), "severity": one.severity.value} for one in error.problems]
    return found


def usage_answer(command: str, message: str) -> Answer:
    """The document of a command that was called with a wrong option or argument."""
    return error_answer(command, BadParameter(message, hint=f"changeover {command} --help"))


def record_answer(record: Record) -> Answer:
    """The document of a rehearsal."""
    outcome, code = ("passed", Exit.DONE) if record.passed else ("failed", Exit.WENT_BACK)
    return answer("rehearse", outcome, code, **asdict(record), passed=record.passed)


def outcome_answer(outcome: Outcome, report: Report, rehearsal: Record | None = None) -> Answer:
    """The document of a session of a run; ``rehearsal``: the one that was made for it just now."""
    failures = [
        {"id": entry.id, "at": entry.at, **{name: entry.text(name) for name in _OF_A_FAILURE}}
        for entry in outcome.failures
    ]
    more: Mapping[str, object] = {"rehearsed": asdict(rehearsal)} if rehearsal else {}
    return answer(
        outcome.command.value,
        outcome.ending.value,
        outcome.exit_code,
        failures=failures,
        **more,
        **report.summary(),
    )


_OF_A_FAILURE = ("error", "message", "hint", "position")


def write_json(document: Answer) -> None:
    """One line of JSON on stdout."""
    click.echo(json.dumps(document, ensure_ascii=False, default=str))
