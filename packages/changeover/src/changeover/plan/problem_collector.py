"""What is collected while a plan is read: all of its faults, and the files that it refers to.

Rule: reading never stops at the first fault; an author mends a plan once, not once a fault.
"""

import difflib
import hashlib
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from changeover.plan.model import PlanFile
from changeover.plan.text import normalise, repair
from changeover.problems import Position, Problem


class ProblemCollector:
    """A growing list of problems."""

    def __init__(self) -> None:
        self.found: list[Problem] = []

    def add(self, position: Position, rule: str, message: str, hint: str = "") -> None:
        """Note an error; the hint says how to mend it."""
        self.found.append(Problem(position, rule, message, hint))

    def mojibake(self, text: str, file: str) -> None:
        """Note every line of a text that looks like UTF-8 read as cp1252, with the line put right."""
        for number, line in enumerate(text.split("\n"), start=1):
            if (sound := repair(line)) != line:
                hint = f"this is UTF-8 that was read as cp1252; it should be: {sound.strip()}"
                self.add(Position(file, number), "mojibake", f"garbled text: {line.strip()}", hint)


class Files:
    """Reads the files that a plan names, once each, from the plan's folder and below."""

    def __init__(self, folder: Path, problems: ProblemCollector) -> None:
        self.folder, self.problems = folder, problems
        self.read: dict[str, PlanFile] = {}

    def get(self, name: str, position: Position) -> PlanFile | None:
        """The file, or None after noting why it cannot be had."""
        if name in self.read:
            return self.read[name]
        text = self._text(name, position)
        if text is None:
            return None
        self.problems.mojibake(text, name)
        self.read[name] = PlanFile(name, text, digest(text))
        return self.read[name]

    def _text(self, name: str, position: Position) -> str | None:
        relative = PurePosixPath(name)
        if relative.is_absolute() or ".." in relative.parts:
            hint = "copy it beside the plan, so that plan and files are reviewed and kept together"
            self.problems.add(position, "file-outside", f"{name} is outside the plan's folder", hint)
            return None
        try:
            text = normalise((self.folder / relative).read_bytes().decode("utf-8"))
            if "\0" not in text:
                return text
            line = text.count("\n", 0, text.index("\0")) + 1
            hint = "a NUL stands in no text; save the file anew, or write it again"
            self.problems.add(position, "file-encoding", f"{name} holds a NUL in its line {line}", hint)
        except UnicodeDecodeError:
            hint = f"save it as UTF-8, for example: iconv -f cp1252 -t utf-8 {name}"
            self.problems.add(position, "file-encoding", f"{name} is not UTF-8 text", hint)
        except OSError as error:
            hint = f"it is looked for in {self.folder}; write the name relative to the plan"
            self.problems.add(position, "file-missing", f"cannot read {name}: {error.strerror}", hint)
        return None


def digest(text: str) -> str:
    """SHA-256 of a normalised text, in hexadecimal."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def document_digest(text: str, files: Iterable[PlanFile]) -> str:
    """SHA-256 over a plan and all its files, independent of the order in which it refers to them."""
    lines = [digest(text), *(f"{file.name}\0{file.sha256}" for file in sorted(files, key=lambda f: f.name))]
    return digest("\n".join(lines))


def suggestion(word: str, known: Iterable[str]) -> str:
    """``did you mean 'scope'? known: ...`` for a word that is none of the known ones."""
    known = sorted(known)
    close = difflib.get_close_matches(word, known, n=1)
    listed = f"known here: {', '.join(known)}"
    return f"did you mean {close[0]!r}? {listed}" if close else listed
