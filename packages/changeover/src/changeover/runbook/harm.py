"""Commands of a runbook that a plan does not need or that would lose rows: why each is left out.

Rule: nothing is left out without a word; the words say what changeover does instead.
"""

import re
from collections.abc import Collection

from changeover.shell.database_commands import CommandKind, read_database_commands
from changeover.shell.file_commands import (
    databases_written,
    file_uses,
    holds_database,
    is_database_file,
    names_database,
)
from changeover.shell.script import ShellCommand
from changeover.shell.volumes import volume_taken
from changeover.shell.wrappers import program, unwrapped

BACKUP = "changeover makes a verified backup itself"
HOT_COPY = (
    "a copy of a living database's file lacks what is in its WAL; changeover makes a verified backup itself"
)
RESTORE = (
    "it would put an old state over the living database and lose every row written since;"
    " changeover's way back keeps them, and a backup is there for the worst case"
)
REMOVED = "it would remove files of a database that is in use"
TAKEN = "it would take away where a database may lie, or put an old state of that back"


def reason(command: ShellCommand, databases: Collection[str]) -> str:
    """Why a command is left out of the plan; nothing where it is not."""
    kinds = {asked.kind for asked in read_database_commands(command)}
    if CommandKind.RESTORE in kinds:
        return RESTORE
    if kinds == {CommandKind.BACKUP}:
        return BACKUP
    if volume_taken(command):
        return TAKEN
    return _of_hosted(command) or _of_files(command, databases)


def _of_hosted(command: ShellCommand) -> str:
    """``turso db create copy --from-db prod``, ``turso db destroy prod``."""
    words = unwrapped(command.parts[0])
    texts = [word.text for word in words]
    if program(words) != "turso" or texts[1:2] != ["db"]:
        return ""
    if texts[2:3] in (["destroy"], ["delete"]):
        return RESTORE
    if texts[2:3] == ["create"]:
        return BACKUP if any(text.startswith("--from-db") for text in texts) else RESTORE
    return ""


def _of_files(command: ShellCommand, databases: Collection[str]) -> str:
    uses = file_uses(command)
    written = [name for use in uses for name in databases_written(use, list(databases))]
    copied = [name for use in uses for name in use.copied if is_database_file(name, databases)]
    taken = [name for use in uses for name in use.removed]
    removed = [name for name in taken if is_database_file(name, databases)]
    if any(names_database(name, databases) or holds_database(name, databases) for name in taken):
        return REMOVED
    if any(names_database(name, databases) for name in copied):
        return HOT_COPY
    if written:
        return RESTORE
    return REMOVED if removed else HOT_COPY if copied else ""


def products(command: ShellCommand) -> set[str]:
    """The names of the files that a command that is left out would have made."""
    made = {name for use in file_uses(command) for name in use.written}
    for asked in read_database_commands(command):
        found = re.match(r"\.(?:backup|save|clone|archive)\s+(?:\w+\s+)?['\"]?([^'\"]+)", asked.value.text)
        into = re.search(r"(?i)\binto\s+'([^']+)'", asked.value.text)
        made |= {match[1].strip() for match in (found, into) if match and asked.kind is CommandKind.BACKUP}
    return {name.rsplit("/", 1)[-1] for name in made if name}
