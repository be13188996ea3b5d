"""The `changeover` command; the modules beside this one hold its subcommands.

Its exit codes are those of `changeover.exits`.
"""

from typing import Any

import click

from changeover import __version__
from changeover.cli.lazy_group import LazyGroup
from changeover.exits import Exit, table

EXIT_CODES = f"\b\nExit codes\n{table()}"
COMMANDS = {
    name: (f"changeover.cli.{module}", f"{name.replace('-', '_')}_command", text)
    for name, module, text in (
        ("check", "document", "Every fault of a plan, without running anything."),
        ("adopt", "document", "Turn a prose runbook into a plan."),
        ("new", "document", "Draft a plan from the schema that is and the schema that is wanted."),
        ("front-matter", "document", "The JSON schema of a plan's front matter, for editors."),
        ("rehearse", "run", "Carry the plan out on a copy of the data: there, back, and there again."),
        ("run", "run", "Carry the plan out."),
        ("status", "inspect", "Where a database stands and what to do next. Reads only."),
        ("online", "online", "Steer a table that is made anew online: pause, resume, pace, swap."),
        ("resume", "run", "Go on with a run that was stopped or killed."),
        ("rollback", "run", "Take a run back, keeping what was written since."),
        ("finish", "run", "Give up the way back and remove what was kept for it."),
        ("abandon", "run", "Give up a run that cannot be led on; what it changed stays."),
        ("restore", "run", "Put a verified backup in the database's place."),
        ("report", "inspect", "Write the report of a run again: Markdown, and one page of HTML."),
    )
}


class Answering(LazyGroup):
    """A group whose commands answer a wrong option or argument in JSON too, where they are asked to."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Remember whether JSON is wanted, before anything can be wrong."""
        ctx.meta[_JSON] = "--json" in args
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """The command, or what is wrong with how it was called."""
        try:
            return super().invoke(ctx)
        except click.UsageError as error:
            command = ctx.invoked_subcommand or ""
            if not ctx.meta[_JSON] or command not in COMMANDS:
                raise
            from changeover.cli.json_document import usage_answer, write_json

            write_json(usage_answer(command, error.format_message()))
            ctx.exit(Exit.WRONG)


_JSON = "changeover.json"


@click.group(
    cls=Answering,
    commands=COMMANDS,
    epilog=EXIT_CODES,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name="changeover")
def main() -> None:
    """Carry out a production SQLite migration from an executable Markdown plan.

    \b
    The order of the night:  check - rehearse - run - (rollback) - finish
    Something was killed:    status, then resume or rollback
    Nothing leads on:        rollback --with MENDED.sql, abandon, restore BACKUP
    """
