"""The plan of a change of schema as text: checks before, the script, the way back, what is given up at last.

Rule: the plan that comes out is sound but for its DECIDE lines.
"""

from collections.abc import Sequence

from changeover.drafting.change import SchemaChange
from changeover.plan.text import slug
from changeover.runbook.drafts import fenced

_SOUND = ("no reference is broken", "PRAGMA foreign_key_check")


def plan_text(
    title: str,
    database: str,
    there: SchemaChange,
    back: SchemaChange,
    *,
    after: str | None,
    accepted: Sequence[str],
) -> str:
    """A plan. ``after`` is the file with the wanted schema, where it lies beside the plan.

    ``accepted`` are the names of what is weaker, gone or another thing in the wanted schema.
    """
    lines = ["---", f"database: {database}", "downtime: 1m", "rollback-within: 1m"]
    lines += [f"schema: {{after: {after}}}"] if after else []
    lines += ["accept:", *(f'  {name}: "so in the wanted schema"' for name in accepted)] if accepted else []
    lines += ["---", "", f"# {title}", "", "## Pre-flight", ""]
    for proven, query in (_SOUND, *there.checks.items()):
        lines += [f"- [ ] {proven} {{#{slug(proven, words=5)}}}", ""]
        lines += [*fenced(f"sql {{for={slug(proven, words=5)} expect=empty}}", query), ""]
    lines += ["## Execute", "", "### Change the schema {budget=30s}", ""]
    for question in there.questions:
        lines += [f"<!-- DECIDE: {question} -->", ""]
    undo = " undo=derived" if there.additive else ""
    lines += [*_script(f"#migrate phase=migrate{undo}", there), ""]
    if not there.additive:
        lines += ["## Rollback", "", "### Change it back {budget=30s}", ""]
        lines += [*_script("#back undoes=migrate", back), ""]
    rollback_tables = list(
        dict.fromkeys([*there.rollback_tables, *(back.rollback_tables if not there.additive else [])])
    )
    if rollback_tables:
        lines += ["## Finish", "", "### Give up what was kept for going back", ""]
        lines += [
            *fenced("sql {#forget}", "\n".join(f"DROP TABLE IF EXISTS {name};" for name in rollback_tables)),
            "",
        ]
    return "\n".join(lines).rstrip("\n") + "\n"


def _script(attributes: str, change: SchemaChange) -> Sequence[str]:
    words = [attributes]
    if change.scope:
        words.append(f'scope="{" ".join(_written(name) for name in change.scope)}"')
    rows = " ".join(f"{_written(name)}={_written(rows)}" for name, rows in change.rows.items())
    words += [f'rows="{rows}"'] if rows else []
    return fenced(f"sql {{{' '.join(words)}}}", "\n".join(change.statements))


def _written(name: str) -> str:
    """A table as ``scope=`` and ``rows=`` name it."""
    return name if name == "*" or name.isidentifier() else f"[{name}]"
