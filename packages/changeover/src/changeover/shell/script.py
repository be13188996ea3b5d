"""A shell script as commands: words without their quotes, redirections, pipes, here-documents, comments.

Rule: enough of POSIX's shell grammar (and bash's here-strings) to know what belongs to which command; loops
and functions are not followed, but the commands inside them are found.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_OPERATORS = re.compile(r"&>>?|<<<|<<-?|>>|>\||[<>]&|\|\||&&|;;|[|&;<>()\n]")
_CONTROL = {
    "for", "while", "until", "if", "then", "else", "elif", "do", "case", "function", "select", "{", "}", "!",
    "(", ")", "fi", "done", "esac", ";;",
}  # fmt: skip
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*\+?=")
_DEEPEST = 50
"""So many brackets are followed into each other; nobody writes more."""
_SUBSTITUTION = re.compile(r"[$<>]\(|`")
_NAME = re.compile(r"\$(?:\{(\w+)[^}]*\}|(\w+|[@*#?!$-]))")


class Unterminated(ValueError):
    """A quote, a substitution or a here-document that never ends."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word without its quotes; a shell would put ``names`` in, and if ``computed`` a command's output."""

    text: str
    names: frozenset[str] = frozenset()
    computed: bool = False


@dataclass(slots=True)
class Simple:
    """One program with its arguments; ``redirects`` are (operator, target or here-document)."""

    words: list[Word] = field(default_factory=list)
    assignments: list[str] = field(default_factory=list)
    redirects: list[tuple[str, Word]] = field(default_factory=list)

    @property
    def texts(self) -> list[str]:
        """The words as texts."""
        return [word.text for word in self.words]


@dataclass(slots=True)
class ShellCommand:
    """A pipeline: ``text`` as written, from ``line`` (from 1); ``joined`` is the operator behind it.

    ``controlled`` when it is a part of a loop, a condition, a function or a group.
    """

    text: str
    line: int
    parts: list[Simple]
    joined: str = ""
    controlled: bool = False


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment of its own, with its ``#``; an empty ``text`` is a blank line."""

    text: str


def read_script(script: str) -> list[ShellCommand | Comment]:
    """The commands and comments of a script in its order. Raises `Unterminated`."""
    return _Grouping(script).read()


def commands_of(script: str) -> list[ShellCommand]:
    """The commands of a script; what cannot be read has none."""
    try:
        return [piece for piece in read_script(script) if isinstance(piece, ShellCommand)]
    except Unterminated:
        return []


def substituted(simple: Simple) -> list[ShellCommand]:
    """The commands whose output a shell puts into the words of a program: ``N=$(sqlite3 app.db ...)``."""
    words = [*simple.words, *(target for _, target in simple.redirects)]
    texts = [*(word.text for word in words if word.computed), *simple.assignments]
    inner = [one for text in texts for one in _substitutions(text) if one.count("(") < _DEEPEST]
    return [command for one in inner for command in commands_of(one)]


def _substitutions(text: str) -> Iterator[str]:
    """What stands in ``$(...)``, ``<(...)``, ``>(...)`` and between backquotes, the outermost."""
    at = 0
    while match := _SUBSTITUTION.search(text, at):
        begin, at = match.end(), len(text)
        depth = 1
        for place in range(begin, len(text)):
            sign = text[place]
            depth += (sign == "(") - (sign == ")") if match[0] != "`" else -(sign == "`")
            if not depth:
                yield text[begin:place]
                at = place + 1
                break


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    start: int
    end: int
    word: Word = Word("")


class _Lexer:
    """Words, operators and comments with their place; here-documents are read at the end of their line."""

    def __init__(self, script: str) -> None:
        self.script, self.at = script, 0
        self.documents: dict[int, Word] = {}
        self.ends: dict[int, int] = {}

    def tokens(self) -> Iterator[_Token]:
        waiting: list[tuple[int, str]] = []
        after = ""
        while self.at < len(self.script):
            start = self.at
            if self.script[start] in " \t" or self.script.startswith("\\\n", start):
                self.at += 1 if self.script[start] in " \t" else 2
                continue
            if self.script[start] == "#":
                end = self.script.find("\n", start)
                self.at = end if end >= 0 else len(self.script)
                yield _Token("comment", self.script[start : self.at], start, self.at)
                continue
            match = _OPERATORS.match(self.script, start)
            if match and not self.script.startswith(("<(", ">("), start):
                self.at = match.end()
                yield _Token("operator", match.group(), start, self.at)
                if match.group() == "\n":
                    self._documents(waiting)
                    waiting = []
                after = match.group()
                continue
            word = self._word()
            if word.text.isdigit() and re.compile(r"[<>]").match(self.script, self.at):
                continue  # the number of a file descriptor: 2>&1
            if after in ("<<", "<<-"):
                waiting.append((start, after))
                self.documents[start] = word
            yield _Token("word", self.script[start : self.at], start, self.at, word)
            after = ""
        if waiting:
            raise Unterminated("a here-document never ends")

    def _documents(self, waiting: list[tuple[int, str]]) -> None:
        """Read the bodies that begin on this line, each up to the line that is its delimiter."""
        for start, operator in waiting:
            delimiter, body = self.documents[start].text, []
            quoted = self.script[start] in "'\"\\"
            while True:
                if self.at >= len(self.script):
                    raise Unterminated("a here-document never ends")
                line, newline, _ = self.script[self.at :].partition("\n")
                self.at += len(line) + len(newline)
                line = line.lstrip("\t") if operator == "<<-" else line
                if line.rstrip() == delimiter:
                    break
                body.append(line)
            text = "\n".join(body)
            names = frozenset() if quoted else _names(text)
            self.documents[start] = Word(text, names, not quoted and ("$(" in text or "`" in text))
            self.ends[start] = self.at

    def _word(self) -> Word:
        text, names, computed = "", frozenset[str](), False
        while self.at < len(self.script):
            char = self.script[self.at]
            if char in " \t" or (_OPERATORS.match(self.script, self.at) and not self._substitution()):
                break
            if char == "'":
                end = self._find("'", self.at + 1)
                text, self.at = text + self.script[self.at + 1 : end], end + 1
            elif char == '"':
                inner = self._double()
                text, names, computed = text + inner.text, names | inner.names, computed or inner.computed
            elif char == "\\":
                text += self.script[self.at + 1 : self.at + 2].replace("\n", "")
                self.at += 2
            else:
                inner = self._live()
                text, names, computed = text + inner.text, names | inner.names, computed or inner.computed
        return Word(text, names, computed)

    def _substitution(self) -> bool:
        return self.script.startswith(("<(", ">("), self.at)

    def _double(self) -> Word:
        text, names, computed = "", frozenset[str](), False
        self.at += 1
        while self.script[self.at : self.at + 1] != '"':
            if self.at >= len(self.script):
                raise Unterminated('a closing " is missing')
            if self.script[self.at] == "\\" and self.script[self.at + 1 : self.at + 2] in tuple('$`"\\\n'):
                text += self.script[self.at + 1].replace("\n", "")
                self.at += 2
                continue
            inner = self._live()
            text, names, computed = text + inner.text, names | inner.names, computed or inner.computed
        self.at += 1
        return Word(text, names, computed)

    def _live(self) -> Word:
        """One sign, or a whole substitution, as it is written."""
        start = self.at
        if self.script.startswith(("$(", "<(", ">("), start):
            self.at = self._closing(start + 2)
            return Word(self.script[start : self.at], computed=True)
        if self.script[start] == "`":
            self.at = self._find("`", start + 1) + 1
            return Word(self.script[start : self.at], computed=True)
        match = _NAME.match(self.script, start)
        self.at = match.end() if match else start + 1
        names = frozenset([match[1] or match[2]]) if match else frozenset()
        return Word(self.script[start : self.at], names)

    def _find(self, sign: str, start: int) -> int:
        end = self.script.find(sign, start)
        if end < 0:
            raise Unterminated(f"a closing {sign} is missing")
        return end

    def _closing(self, start: int) -> int:
        depth, at = 1, start
        while depth:
            if at >= len(self.script):
                raise Unterminated("a closing ) is missing")
            depth += {"(": 1, ")": -1}.get(self.script[at], 0)
            at += 1
        return at


def _names(text: str) -> frozenset[str]:
    return frozenset(match[1] or match[2] for match in _NAME.finditer(text))


class _Grouping:
    """Groups tokens: words to programs, programs to pipelines."""

    def __init__(self, script: str) -> None:
        self.script, self.lexer = script, _Lexer(script)
        self.found: list[ShellCommand | Comment] = []
        self.depth = 0

    def read(self) -> list[ShellCommand | Comment]:
        pending: list[_Token] = []
        for token in list(self.lexer.tokens()):  # all of them: here-documents stand behind their line
            if token.kind == "comment":
                if not pending:
                    self.found.append(Comment(token.text))
            elif token.kind == "operator" and token.text in ("\n", ";", ";;", "&", "&&", "||", "(", ")"):
                self._blank(token, pending)
                if pending and not (token.text == "\n" and pending[-1].text == "|"):
                    self._command(pending, token.text)
                    pending = []
                self.depth += (token.text == "(") - (token.text == ")")
            else:
                pending.append(token)
        if pending:
            self._command(pending, "")
        return self.found

    def _blank(self, token: _Token, pending: list[_Token]) -> None:
        if token.text == "\n" and not pending and self.script[: token.start].rstrip(" \t").endswith("\n"):
            self.found.append(Comment(""))

    def _command(self, tokens: list[_Token], joined: str) -> None:
        controlled = self.depth > 0 or joined in ("(", ")", ";;")
        while tokens and tokens[0].text in _CONTROL:
            controlled = True
            self.depth += (tokens[0].text in ("do", "then", "{")) - (tokens[0].text in ("done", "fi", "}"))
            tokens = tokens[1 + (tokens[0].text == "function") :]
        if not tokens:
            return
        parts = [Simple()]
        redirect = ""
        for token in tokens:
            if token.text == "|" and token.kind == "operator":
                parts.append(Simple())
            elif token.kind == "operator":
                redirect = token.text
            elif redirect:
                parts[-1].redirects.append((redirect, self.lexer.documents.get(token.start, token.word)))
                redirect = ""
            else:
                _add(parts[-1], token)
        start, line = tokens[0].start, self.script.count("\n", 0, tokens[0].start) + 1
        end = max([tokens[-1].end, *(self.lexer.ends.get(token.start, 0) for token in tokens)])
        self.found.append(ShellCommand(self.script[start:end].rstrip("\n"), line, parts, joined, controlled))


def _add(simple: Simple, token: _Token) -> None:
    if not simple.words and _ASSIGNMENT.match(token.text):
        simple.assignments.append(token.text)
    else:
        simple.words.append(token.word)
