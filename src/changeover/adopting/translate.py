"""Turns the fences of a runbook into drafts of fences that run, phase by phase.

Rule: Execute is translated before Rollback, so that what goes back knows what it takes back.
"""

import re
from collections import Counter
from pathlib import Path

from changeover.adopting.commands import Command, split_commands
from changeover.adopting.curl import Call, expected_lines, read_curl
from changeover.adopting.database_commands import DatabaseCommand, Kind, read_database_command
from changeover.adopting.drafts import (
    Draft,
    Inferred,
    facts_of,
    looks_like_output,
    means_empty,
    script_text,
)
from changeover.adopting.source import Chunk, Code
from changeover.plan import Phase
from changeover.text import slug

_SHELLS = {"bash", "sh", "shell", "zsh", "console", "shell-session", "shellsession"}
_COMMANDS = {
    "turso",
    "sqlite3",
    "curl",
    "git",
    "npm",
    "npx",
    "pnpm",
    "vercel",
    "ssh",
    "scp",
    "systemctl",
    "docker",
    "cat",
}
_LOOKING = {"echo", "ls", "sleep", "date", "pwd", "which", "printf", "head", "tail", "grep", "jq"}
_LOOKING_GIT = {"status", "log", "diff", "fetch", "show", "tag", "rev-parse", "branch"}
_CONTEXT = re.compile(r"^\s*(?:cd|export|source|\.|set|[A-Za-z_]\w*=\S*$)(?:\s|$|=)|^\s*[A-Za-z_]\w*=\S*\s*$")


def is_runnable(code: Code) -> bool:
    """Whether a fence of the runbook holds commands or SQL."""
    if code.language in _SHELLS or code.language == "sql":
        return bool(code.text.strip())
    first = code.text.strip().removeprefix("$ ").split(maxsplit=1)
    return code.language == "" and bool(first) and first[0] in _COMMANDS


class Translator:
    """Knows the whole runbook: its main database, the address of the application, the ids given so far."""

    def __init__(self, chunks: list[Chunk], folder: Path | None) -> None:
        self.folder = folder
        self.inferred: list[Inferred] = []
        self.secrets: list[tuple[str, str]] = []
        self.ids: set[str] = set()
        self.migrations: list[str] = []
        self.undone: set[str] = set()
        self.derivable: dict[str, Draft] = {}
        self.deploys: list[str] = []
        codes = [
            part for chunk in chunks for part in chunk.parts if isinstance(part, Code) and is_runnable(part)
        ]
        commands = [command for code in codes for command in _commands(code)]
        asked = [found for command in commands if (found := read_database_command(command.words))]
        self.database = _main_database(asked)
        self.app = _most_common([call.base for command in commands if (call := _call(command)) and call.base])

    def new_id(self, wanted: str) -> str:
        """An id that no other fence has."""
        name, number = wanted, 2
        while name in self.ids:
            name, number = f"{wanted}-{number}", number + 1
        self.ids.add(name)
        return name

    def note(self, line: int, text: str) -> None:
        """Remember a conclusion."""
        self.inferred.append(Inferred(line, text))

    def drafts(self, code: Code, heading: str, phase: Phase) -> list[Draft]:
        """The drafts of one runnable fence under a heading of a phase."""
        base = slug(heading, words=4) if heading else phase.value
        if code.language == "sql":
            return [self._sql(code.text, base, phase, code.line, None)]
        commands = split_commands(code.text)
        if commands is None:
            self.note(code.line, "a script with loops or here-documents stays one shell script")
            return [self._shell([code.text], base, phase, code.line)]
        found: list[Draft] = []
        pending: list[str] = []
        context: list[str] = []
        for command in commands:
            if _CONTEXT.match(command.text):
                context.append(command.text)
                continue
            draft = self._command(command, base, phase, code.line)
            if draft is None and self._is_backup(command):
                self.note(
                    code.line, f"{command.text!r} is left out: changeover makes a verified backup itself"
                )
            elif draft is None and not command.expected:
                pending.append(command.text)
            else:
                found += self._flush(pending, context, base, phase, code.line)
                found.append(draft or self._expecting(command, context, base, phase, code.line))
        return found + self._flush(pending, context, base, phase, code.line)

    def _flush(
        self, pending: list[str], context: list[str], base: str, phase: Phase, line: int
    ) -> list[Draft]:
        if not pending:
            return []
        scripts = [*context, *pending]
        pending.clear()
        return [self._shell(scripts, base, phase, line)]

    def _expecting(self, command: Command, context: list[str], base: str, phase: Phase, line: int) -> Draft:
        draft = self._shell([*context, command.text], base, phase, line)
        if looks_like_output(command.expected_text):
            draft.expected = command.expected_text
        return draft

    def _is_backup(self, command: Command) -> bool:
        asked = read_database_command(command.words)
        return asked is not None and asked.kind is Kind.BACKUP

    def _command(self, command: Command, base: str, phase: Phase, line: int) -> Draft | None:
        """A draft in sql or http; None for what stays shell."""
        asked = read_database_command(command.words)
        if asked is not None:
            return self._asked(asked, command, base, phase, line)
        call = _call(command)
        if call is None:
            return None
        jq = command.words[command.words.index("|") + 1 :] if "|" in command.words else []
        path = next((word for word in jq[1:] if not word.startswith("-")), None)
        expected = expected_lines(command.expected_text, path, call.fails)
        self.secrets += call.secrets
        for _, name in call.secrets:
            self.note(line, f"a secret stood in the command: it is ${{{name}}} now, from the environment")
        return Draft("http", self.new_id(base), call.fence(expected, self.app))

    def _asked(
        self, asked: DatabaseCommand, command: Command, base: str, phase: Phase, line: int
    ) -> Draft | None:
        if asked.kind is Kind.BACKUP:
            return None
        if asked.database != self.database:
            draft = self._shell([command.text], base, phase, line)
            draft.question = (
                f"this speaks to {asked.database}, all else to {self.database}: which one is meant?"
            )
            return draft
        if asked.kind is Kind.FILE:
            text = script_text(self.folder, asked.value)
            return self._sql(text or "", base, phase, line, asked.value)
        draft = self._sql(asked.value, base, phase, line, None)
        expected = command.expected_text
        if means_empty(expected):
            draft.attributes["expect"] = "empty"
        elif looks_like_output(expected):
            draft.expected = expected
        return draft

    def _sql(self, sql: str, base: str, phase: Phase, line: int, file: str | None) -> Draft:
        facts = facts_of(sql)
        changes = facts.changes or (file is not None and not sql)
        draft = Draft("sql", "", "" if file else sql)
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
        draft = Draft("bash", "", script)
        pushes = re.search(r"\bgit\s+push\b|\bvercel\b.*(?:--prod|deploy)|\bkamal deploy\b", script)
        if phase is Phase.EXECUTE and pushes:
            draft.id = self.new_id("deploy")
            draft.attributes["phase"] = "deploy"
            draft.question = (
                f'{draft.id}: how is it known that the new release answers? add until="http URL ..."'
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


def _commands(code: Code) -> list[Command]:
    return (split_commands(code.text) or []) if code.language != "sql" else []


def _call(command: Command) -> Call | None:
    words = command.words
    if words[:1] != ["curl"]:
        return None
    if "|" in words:
        if words[words.index("|") + 1 : words.index("|") + 2] != ["jq"] or words.count("|") > 1:
            return None
        words = words[: words.index("|")]
    return None if any(re.fullmatch(r"[|&;<>]+", word) for word in words) else read_curl(words)


def _main_database(asked: list[DatabaseCommand]) -> str:
    files = [found.database for found in asked if found.kind is Kind.FILE]
    return _most_common(files) or _most_common([found.database for found in asked])


def _most_common(texts: list[str]) -> str:
    return Counter(texts).most_common(1)[0][0] if texts else ""


def _only_looks(command: str) -> bool:
    words = command.split()
    if re.search(r"[>&;|`]|\$\(", command) or not words:
        return False
    return words[0] in _LOOKING or (words[0] == "git" and len(words) > 1 and words[1] in _LOOKING_GIT)
