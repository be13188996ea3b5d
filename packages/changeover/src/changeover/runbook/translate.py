"""Turns the blocks of a runbook into drafts of blocks that run, phase by phase.

Rule: Execute is translated before Rollback, so that what goes back knows what it takes back.
"""

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from changeover.plan.model import Phase
from changeover.plan.text import slug
from changeover.runbook import harm
from changeover.runbook.commands import RunbookCommand, split_commands
from changeover.runbook.curl import Call, expected_lines
from changeover.runbook.drafts import (
    Draft,
    Inferred,
    facts_of,
    looks_like_output,
    means_empty,
    means_some,
    script_text,
)
from changeover.runbook.lists import is_command
from changeover.runbook.shell_variables import with_parameters
from changeover.runbook.source import Chunk, Code
from changeover.runbook.web_clients import CLIENTS, read_call
from changeover.shell import credentials
from changeover.shell.database_commands import CommandKind, DatabaseCommand, only_asks, read_database_commands
from changeover.shell.script import commands_of
from changeover.shell.wrappers import program, unwrapped

_SHELLS = {"bash", "sh", "shell", "zsh", "console", "shell-session", "shellsession", "terminal"}
_COMMANDS = {
    "turso", "sqlite3", "curl", "git", "npm", "npx", "pnpm", "vercel", "ssh", "scp", "systemctl", "docker",
    "cat", "sudo", "cp", "mv", "rsync",
}  # fmt: skip
_LOOKING = {"echo", "ls", "sleep", "date", "pwd", "which", "printf", "head", "tail", "grep", "jq"}
_LOOKING_GIT = {"status", "log", "diff", "fetch", "show", "tag", "rev-parse", "branch"}
_CONTEXT = {"cd", "export", "source", ".", "set", "pushd", "umask"}
_CERTAIN = {"integrity_check": "ok", "quick_check": "ok", "foreign_key_check": "nothing"}
"""Pragmas whose right answer needs no runbook."""


def is_runnable(code: Code) -> bool:
    """Whether a block of the runbook holds commands or SQL."""
    if code.language in _SHELLS or code.language == "sql":
        return bool(code.text.strip())
    if code.language != "":
        return False
    first = next((line for line in code.text.split("\n") if line.strip()), "").strip()
    words = first.removeprefix("$ ").split(maxsplit=1)
    return bool(words) and (words[0] in _COMMANDS or is_command(first.removeprefix("$ ")))


class Translator:
    """Knows the whole runbook: its main database, the address of the application, the ids given so far."""

    def __init__(self, chunks: list[Chunk], executed: list[Chunk], folder: Path | None) -> None:
        self.folder = folder
        self.inferred: list[Inferred] = []
        self.secrets: list[tuple[str, str]] = []
        self.parameters: dict[str, str] = {}
        self.ids: set[str] = set()
        self.migrations: list[str] = []
        self.undone: set[str] = set()
        self.derivable: dict[str, Draft] = {}
        self.deploys: list[str] = []
        self.unmade: set[str] = set()
        commands = _commands_in(chunks)
        self.database = _main_database(_asked_in(_commands_in(executed))) or _main_database(
            _asked_in(commands)
        )
        self.app = _most_common([call.base for command in commands if (call := _call(command)) and call.base])

    def new_id(self, wanted: str) -> str:
        """An id that no other block has."""
        name, number = wanted, 2
        while name in self.ids:
            name, number = f"{wanted}-{number}", number + 1
        self.ids.add(name)
        return name

    def note(self, line: int, text: str) -> None:
        """Remember a conclusion."""
        self.inferred.append(Inferred(line, text))

    def drafts(self, code: Code, heading: str, phase: Phase) -> list[Draft]:
        """The drafts of one runnable block under a heading of a phase."""
        base = slug(heading, words=4) if heading else phase.value
        if code.language == "sql":
            draft = self._sql(code.text, base, phase, code.line, None)
            _expect(draft, code.text, code.expected)
            return [draft]
        commands = split_commands(code.text)
        calls = [call for command in commands or [] if (call := _call(command))]
        self.note_secrets([one for call in calls for one in call.secrets], code.line)
        self.note_secrets(credentials.literals(code.text), code.line)
        if commands is None:
            return [self._whole(code, base, phase)]
        found: list[Draft] = []
        pending: list[str] = []
        context: list[str] = []
        for command in commands:
            if _is_context(command):
                context.append(command.text)
                continue
            if why := self._left_out(command):
                self.note(code.line, f"{command.text!r} is left out: {why}")
                continue
            command.expected = command.expected or [code.expected]
            drafts = self._command(command, base, phase, code.line)
            if not drafts and not command.expected_text:
                pending.append(command.text)
            else:
                found += self._flush(pending, context, base, phase, code.line)
                found += drafts or [self._expecting(command, context, base, phase, code.line)]
        return found + self._flush(pending, context, base, phase, code.line)

    def note_secrets(self, found: Iterable[tuple[str, str]], line: int) -> None:
        """(literal, name) of secrets: each becomes a parameter, wherever in the plan it stood."""
        known = {literal for literal, _ in self.secrets}
        for literal, wanted in found:
            if literal not in known:
                known.add(literal)
                self.secrets.append((literal, self._secret_name(wanted)))
                name = self.secrets[-1][1]
                self.note(line, f"a secret stood here: it is ${{{name}}} now, from the environment")

    def _secret_name(self, wanted: str) -> str:
        taken, number = {name for _, name in self.secrets}, 2
        name = wanted
        while name in taken:
            name, number = f"{wanted}_{number}", number + 1
        return name

    def _whole(self, code: Code, base: str, phase: Phase) -> Draft:
        """A script that cannot be taken apart; one that changes a database in its own way is asked about."""
        self.note(code.line, "a script with loops, conditions or alternatives stays one shell script")
        draft = self._shell([code.text], base, phase, code.line)
        asked = [one for command in commands_of(code.text) for one in read_database_commands(command)]
        if not all(only_asks(one) for one in asked):
            draft.question = _OWN_WAY.format(id=draft.id, database=asked[0].database)
        return draft

    def _left_out(self, command: RunbookCommand) -> str:
        """Why a command does not come into the plan; a file that is not made is not looked at either."""
        why = harm.reason(command.shell, [self.database] if self.database else [])
        if why:
            self.unmade |= harm.products(command.shell)
            return why
        words = {_file(word) for part in command.shell.parts for word in part.texts}
        missing = sorted(words & self.unmade - {_file(self.database)})
        return f"{missing[0]} is not made: {harm.BACKUP}" if missing else ""

    def _flush(
        self, pending: list[str], context: list[str], base: str, phase: Phase, line: int
    ) -> list[Draft]:
        if not pending:
            return []
        scripts = [*context, *pending]
        pending.clear()
        return [self._shell(scripts, base, phase, line)]

    def _expecting(
        self, command: RunbookCommand, context: list[str], base: str, phase: Phase, line: int
    ) -> Draft:
        draft = self._shell([*context, command.text], base, phase, line)
        if looks_like_output(command.expected_text):
            draft.expected = command.expected_text
        return draft

    def _command(self, command: RunbookCommand, base: str, phase: Phase, line: int) -> list[Draft]:
        """Drafts in sql or http; none for what stays shell."""
        asked = [one for one in read_database_commands(command.shell) if one.kind is not CommandKind.BACKUP]
        if asked and all(only_asks(one) and (one.piped or one.kind is CommandKind.LOOK) for one in asked):
            return []
        if asked:
            asked_for = [one for one in asked if one.kind is not CommandKind.LOOK]
            drafts = [self._asked(one, command, base, phase, line) for one in asked_for]
            _expect(drafts[-1], asked_for[-1].value.text, command.expected_text)
            if asked_for[-1].formatted and drafts[-1].expected:
                drafts[-1].question = _FORMATTED.format(id=drafts[-1].id)
            return drafts
        call = _call(command)
        return [self._http(call, command, base, line)] if call else []

    def _http(self, call: Call, command: RunbookCommand, base: str, line: int) -> Draft:
        jq = command.shell.parts[1].texts if len(command.shell.parts) > 1 else []
        path = next((word for word in jq[1:] if not word.startswith("-")), None)
        expected = expected_lines(command.expected_text, path, call.fails)
        names = dict(self.secrets)
        for literal, name in call.secrets:
            call.headers = [one.replace(f"${{{name}}}", f"${{{names[literal]}}}") for one in call.headers]
        return Draft("http", self.new_id(base), call.block(expected, self.app))

    def _asked(
        self, asked: DatabaseCommand, command: RunbookCommand, base: str, phase: Phase, line: int
    ) -> Draft:
        if _file(asked.database) != _file(self.database):
            draft = self._shell([command.text], base, phase, line)
            draft.question = (
                f"this speaks to {asked.database}, all else to {self.database}: which one is meant?"
            )
            return draft
        if asked.host:
            self.note(
                line, f"this ran on {asked.host}: run the plan where the database is, or name its server"
            )
        if asked.kind is CommandKind.FILE and not asked.value.names and not asked.piped:
            text = script_text(self.folder, asked.value.text)
            return self._sql(text or "", base, phase, line, asked.value.text)
        found = (
            with_parameters(asked.value.text, asked.value.names)
            if asked.kind is CommandKind.SQL and not asked.piped
            else None
        )
        if found is None:
            draft = self._shell([command.text], base, phase, line)
            draft.question = _OWN_WAY.format(id=draft.id, database=asked.database)
            return draft
        sql, names = found
        for name in names:
            self.parameters[name] = f"what the runbook calls ${name}"
            self.note(line, f"${name} is the parameter {name} now, bound as a value: --set {name}=VALUE")
        return self._sql(sql, base, phase, line, None)

    def _sql(self, sql: str, base: str, phase: Phase, line: int, file: str | None) -> Draft:
        facts = facts_of(sql)
        changes = facts.changes or (file is not None and not sql)
        draft = Draft("sql", "", "" if file else sql, changes=changes)
        if file is not None:
            draft.attributes["file"] = file
        if changes and phase is Phase.EXECUTE:
            draft.id = self.new_id("migrate" if not self.migrations else base)
            draft.attributes["phase"] = "migrate"
            self.migrations.append(draft.id)
            if facts.additive:
                self.derivable[draft.id] = draft
        elif changes and phase is Phase.ROLLBACK:
            draft.id = self.new_id("undo-migrate")
            self._undoes(
                draft, [name for name in self.migrations if name not in self.undone] or self.migrations
            )
        else:
            draft.id = self.new_id(base)
        if facts.scope:
            draft.attributes["scope"] = " ".join(facts.scope)
            self.note(line, f"{draft.id} may change {', '.join(facts.scope)}, as its SQL says")
        if facts.rows and phase in (Phase.EXECUTE, Phase.ROLLBACK):
            draft.attributes["rows"] = " ".join(facts.rows)
        return draft

    def _undoes(self, draft: Draft, targets: list[str]) -> None:
        if targets:
            draft.attributes["undoes"] = targets[0]
            self.undone.add(targets[0])

    def _shell(self, commands: list[str], base: str, phase: Phase, line: int) -> Draft:
        script = "\n".join(commands)
        for literal, name in self.secrets:
            script = credentials.in_shell(script, literal, name)
        draft = Draft("bash", "", script)
        pushes = re.search(r"\bgit\s+push\b|\bvercel\b.{0,200}(?:--prod|deploy)|\bkamal deploy\b", script)
        if phase is Phase.EXECUTE and pushes:
            draft.id = self.new_id("deploy")
            draft.attributes["phase"] = "deploy"
            place = "${app}/..." if self.app else "https://.../"
            draft.question = (
                f"{draft.id}: how is it known that the new release answers? add to its block"
                f' until="http {place} 200 .release == ..."'
            )
            self.deploys.append(draft.id)
            self.note(line, f"{draft.id} puts the release out")
        elif phase is Phase.ROLLBACK and self.deploys and re.search(r"\bgit\b|\bvercel\b|\bkamal\b", script):
            draft.id = self.new_id("undo-deploy")
            self._undoes(draft, self.deploys)
        else:
            draft.id = self.new_id(base)
        if all(_only_looks(command) for command in commands):
            draft.attributes["safe"] = "true"
        return draft

    def derive_undo(self) -> None:
        """Additions that no rollback script takes back are left to the engine to take back."""
        for name, draft in self.derivable.items():
            if name not in self.undone:
                draft.attributes["undo"] = "derived"
                self.note(1, f"{name} only adds: its reverse is derived")


_OWN_WAY = (
    "{id} would change {database} in its own way, without transaction, row checks or rehearsal:"
    " write what it does as ```sql, in the block or in a file"
)


_FORMATTED = "{id}: write what is expected as plain rows: columns joined by |, no header"


def _expect(draft: Draft, sql: str, expected: str) -> None:
    """What the runbook says that a query prints, or what everybody knows of it."""
    if draft.language != "sql" or draft.changes:
        return
    pragma = re.fullmatch(r"(?is)\s*pragma\s+(\w+)(?:\(.*\))?\s*;?\s*", sql)
    if not expected and pragma and pragma[1].lower() in _CERTAIN:
        expected = _CERTAIN[pragma[1].lower()]
    if means_empty(expected):
        draft.attributes["expect"] = "empty"
    elif means_some(expected):
        draft.attributes["expect"] = "some"
    elif looks_like_output(expected):
        draft.expected = expected


def _commands(code: Code) -> list[RunbookCommand]:
    return (split_commands(code.text) or []) if code.language != "sql" else []


def _commands_in(chunks: list[Chunk]) -> list[RunbookCommand]:
    codes = (part for chunk in chunks for part in chunk.parts if isinstance(part, Code) and is_runnable(part))
    return [command for code in codes for command in _commands(code)]


def _asked_in(commands: list[RunbookCommand]) -> list[DatabaseCommand]:
    return [found for command in commands for found in read_database_commands(command.shell)]


def _file(name: str) -> str:
    return name.rsplit("/", 1)[-1]


def _is_context(command: RunbookCommand) -> bool:
    first = command.shell.parts[0]
    return len(command.shell.parts) == 1 and (not first.words or first.texts[0] in _CONTEXT)


def _call(command: RunbookCommand) -> Call | None:
    """The call of ``curl URL`` or ``curl URL | jq PATH``, and of what else asks over HTTP."""
    first, *others = command.shell.parts
    words = unwrapped(first)
    client = program(words)
    if client not in CLIENTS or any(word.computed for word in words):
        return None
    if others and ([part.texts[:1] for part in others] != [["jq"]]):
        return None
    discarded = all(target.text in ("/dev/null", "1") for operator, target in first.redirects)
    return read_call([word.text for word in words], client) if discarded else None


def _main_database(asked: list[DatabaseCommand]) -> str:
    files = [found.database for found in asked if found.kind is CommandKind.FILE]
    return _most_common(files) or _most_common([found.database for found in asked])


def _most_common(texts: list[str]) -> str:
    return Counter(texts).most_common(1)[0][0] if texts else ""


def _only_looks(command: str) -> bool:
    words = command.split()
    if re.search(r"[>&;|`]|\$\(", command) or not words:
        return False
    return words[0] in _LOOKING or (words[0] == "git" and len(words) > 1 and words[1] in _LOOKING_GIT)
