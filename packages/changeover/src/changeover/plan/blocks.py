"""From a block with attributes to an action: sql, bash and http, and the expectations that stand for them.

Rule: each language has its list of attributes; an attribute that is not on it is an error with its line.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from changeover.plan import assertions, expect
from changeover.plan.attributes import Attributes
from changeover.plan.header import choice, truth, whole
from changeover.plan.markdown import CodeBlock
from changeover.plan.model import (
    AnyAction,
    Expect,
    Gate,
    HttpAction,
    IndexColumns,
    Match,
    Part,
    Request,
    Retry,
    RowExpectation,
    Rows,
    ShellAction,
    SqlAction,
    Strategy,
    WhenInconclusive,
)
from changeover.plan.problem_collector import Files, ProblemCollector, suggestion
from changeover.problems import Position
from changeover.sql import text as sqltext
from changeover.sql.identifiers import identifier_key
from changeover.words import parse_duration

COMMON = ("for", "expect", "timeout", "budget", "retries", "every", "undoes", "phase")
ATTRIBUTES = {
    "sql": (*COMMON, "file", "scope", "rows", "strategy", "hold", "undo", "carry", "without"),
    "bash": (*COMMON, "file", "until", "wait", "undo", "exit", "safe"),
    "http": (*COMMON, "inconclusive"),
    "expect": ("for", "match"),
}
SHELLS = ("bash", "sh", "shell")

Converted = TypeVar("Converted")


class BlockReader:
    """Reads one block; what is wrong with it goes to ``problems``, and a best effort comes back."""

    def __init__(self, block: CodeBlock, files: Files, problems: ProblemCollector) -> None:
        self.block, self.files, self.problems = block, files, problems
        self.position = block.position
        self.attributes = block.attributes or Attributes()
        self.language = "bash" if block.language in SHELLS else block.language

    def check_names(self) -> bool:
        """Whether the language is one that runs; notes it, and every unknown attribute, if not."""
        known = ATTRIBUTES.get(self.language)
        if known is None:
            hint = "take the braces away if it is an illustration; sql, bash, http and expect can have them"
            self.note("language", f"a block of kind {self.language or '(none)'!r} cannot run", hint)
            return False
        for name in self.attributes.values:
            if name not in known:
                self.note(
                    "unknown-attribute", f"a {self.language} block has no {name!r}", suggestion(name, known)
                )
        return True

    def note(self, rule: str, message: str, hint: str = "") -> None:
        """Note a fault of this block at its first line."""
        self.problems.add(self.position, rule, message, hint)

    def get(self, name: str, convert: Callable[[str], Converted]) -> Converted | None:
        """An attribute converted; None where it is absent or wrong (which is noted)."""
        text = self.attributes.values.get(name)
        if text is None:
            return None
        try:
            return convert(text)
        except ValueError as error:
            self.note("attribute", f"{name}: {error}")
            return None

    def action(self, action_id: str, label: str) -> AnyAction:
        """The action of this block, which is called ``action_id`` and, to a person, ``label``."""
        common = self._common(action_id, label)
        if self.language == "sql":
            return self._sql(common)
        return self._bash(common) if self.language == "bash" else self._http(common)

    def expectation(self) -> Expect:
        """What an expect block expects."""
        match = self.attributes.values.get("match", Match.EXACT)
        try:
            return expect.read_expect(self.block.text, match, self.position)
        except ValueError as error:
            self.note("expect", str(error))
            return Expect(Match.SOME, self.position)

    def _common(self, action_id: str, label: str) -> dict[str, Any]:
        default = Retry()
        return {
            "id": action_id,
            "position": self.position,
            "label": label,
            "for_box": self.get("for", str),
            "undoes": self.get("undoes", str),
            "expect": self.get("expect", lambda text: expect.read_short(text, self.position)),
            "timeout_s": self.get("timeout", parse_duration),
            "budget_s": self.get("budget", parse_duration),
            "retry": Retry(
                self.get("retries", whole) or default.times, self.get("every", parse_duration) or 1.0
            ),
            "part": self.get("phase", choice(Part)),
        }

    def _script(self) -> tuple[str, Position, str | None]:
        """The text to run, where it begins, and the file it is from (None: the block)."""
        name = self.get("file", str)
        own = self.block.text
        if name is None:
            if not own.strip():
                self.note(
                    "empty-block", "this block has nothing to run", "write a script into it, or file=name"
                )
            return own, Position(self.position.file, self.block.first_line), None
        if own.strip() and not _is_comment(own):
            self.note("two-scripts", f"a script in the block and in {name}", "keep one of the two")
        file = self.files.get(name, self.position)
        return file.text if file else "", Position(name, 1), name

    def _sql(self, common: Mapping[str, Any]) -> SqlAction:
        sql, start, file = self._script()
        statements = sqltext.split(sql, start)
        if not statements and (sql.strip() or file in self.files.read):
            hint = "write what is to be done or asked into it, or take the block away"
            self.note("no-statement", f"{file or 'this block'} holds no statement, only comments", hint)
        if "${" in sql and any(t.text.startswith("${") for t in sqltext.tokens(sql)):
            hint = "write :name; SQL gets parameters as bound values, so that no value can become SQL"
            self.note("sql-expansion", "${...} is not expanded in SQL", hint)
        undo = self.attributes.values.get("undo")
        if undo not in (None, "derived"):
            hint = "write undo=derived, or the reverse script under ## Rollback with undoes=<id>"
            self.note("attribute", f"undo={undo!r} is not for sql", hint)
        strategy, hold_s = self.get("strategy", choice(Strategy)), self.get("hold", parse_duration)
        if hold_s is not None and strategy not in (None, Strategy.AUTO):
            hint = "take hold= away, or leave the strategy open"
            self.note("attribute", f"hold= chooses a strategy, and strategy={strategy} is said", hint)
        carry, without = self.get("carry", truth) or False, self.get("without", read_indexes) or ()
        if without and not carry:
            hint = "add carry, or take without= away: indexes of a table made anew go with it by themselves"
            self.note("attribute", "without= says what carry leaves out, and carry is not said", hint)
        return SqlAction(
            **common,
            sql=sql,
            statements=statements,
            changes=not all(sqltext.reads_only(statement.text) for statement in statements),
            file=file,
            scope=tuple(unquoted_table(word) for word in _TABLE.findall(self.get("scope", str) or "")),
            rows=self.get("rows", read_rows) or (),
            strategy=strategy or Strategy.AUTO,
            hold_s=hold_s,
            derived_undo=undo == "derived",
            carry=carry,
            without=without,
        )

    def _bash(self, common: Mapping[str, Any]) -> ShellAction:
        script, _, _ = self._script()
        undo = self.get("undo", str)
        gate = self.get("until", self._gate)
        if gate is None and "wait" in self.attributes.values:
            self.note(
                "attribute", "wait= is the longest time of until=, which is missing", 'add until="http ..."'
            )
        return ShellAction(
            **common,
            script=script,
            exit_code=self.get("exit", whole) or 0,
            undo="" if undo == "none" else undo,
            until=gate,
            safe=self.get("safe", truth) or False,
        )

    def _gate(self, text: str) -> Gate:
        kind, _, rest = text.strip().partition(" ")
        every_s = self.get("every", parse_duration) or 0.5
        timeout_s = self.get("wait", parse_duration)
        if kind == "http":
            return Gate(text, assertions.read_gate_request(rest), None, every_s, timeout_s)
        if kind == "run" and rest.strip():
            return Gate(text, None, rest.strip(), every_s, timeout_s)
        raise ValueError(
            f'{text!r} is no condition; write "http URL [status] [.path == value]" or "run COMMAND"'
        )

    def _http(self, common: Mapping[str, Any]) -> HttpAction:
        requests: tuple[Request, ...] = ()
        try:
            requests = assertions.read_requests(self.block.text.strip("\n"))
        except ValueError as error:
            self.note("http", str(error))
        when = self.get("inconclusive", choice(WhenInconclusive)) or WhenInconclusive.FAIL
        return HttpAction(**common, requests=requests, when_inconclusive=when)


_QUOTED = r"(?:\[[^\[\]]+\]|`[^`]+`|'[^']+')"
_NAME = rf"(?:{_QUOTED}|[^\s=*+\-\[`'][^\s=]*)"
"""A table in ``scope=`` or ``rows=``; one with a space or a sign stands in brackets: ``[Order Details]``."""
_TABLE = re.compile(_NAME)
_INDEX = re.compile(rf"(?P<table>{_QUOTED}|[^\s(,]+)\((?P<columns>\s*[^\s,()][^()]*)\)(?=\s|$)")
"""An index in ``without=``."""
_WORD = re.compile(r"""(?:\[[^\[\]]*\]|`[^`]*`|'[^']*'|\S)+""")


def unquoted_table(name: str) -> str:
    """The bare name of a table in ``scope=`` or ``rows=``."""
    return name[1:-1] if name[:1] == "'" else sqltext.unquoted(name)


def _is_comment(text: str) -> bool:
    return all(not line.strip() or line.strip().startswith(("--", "#")) for line in text.split("\n"))


def read_indexes(text: str) -> tuple[IndexColumns, ...]:
    """The words of ``without=``; ValueError names the one that is wrong."""
    found = []
    rest = text.strip()
    while rest:
        match = _INDEX.match(rest)
        if match is None:
            raise ValueError(f"{rest!r} is no index; write table(column) or table(column, column)")
        names = (unquoted_table(name.strip()) for name in match["columns"].split(","))
        table = identifier_key(unquoted_table(match["table"]))
        found.append(IndexColumns(table, tuple(map(identifier_key, names))))
        rest = rest[match.end() :].strip()
    return tuple(found)


def read_rows(text: str) -> tuple[RowExpectation, ...]:
    """The words of ``rows=``; ValueError names the one that is wrong."""
    found = tuple(_rows(word) for word in _WORD.findall(text))
    names = [expectation.table for expectation in found]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"{name} stands twice; keep one")
    return found


def _rows(word: str) -> RowExpectation:
    match = re.fullmatch(rf"(?P<table>{_NAME})=(?P<wanted>\*|[+-]?\d+|{_QUOTED}|[^\W\d]\w*)", word)
    if match is None:
        raise ValueError(f"{word!r} is no row expectation; write table=* =0 =12 =+3 =-3 =any or =other_table")
    table, wanted = unquoted_table(match["table"]), match["wanted"]
    if wanted in ("*", "any"):
        return RowExpectation(table, Rows.KEPT if wanted == "*" else Rows.ANY)
    if not re.fullmatch(r"[+-]?\d+", wanted):
        return RowExpectation(table, Rows.AS_MANY_AS, other=unquoted_table(wanted))
    if int(wanted) == 0:
        return RowExpectation(table, Rows.UNCHANGED)
    return RowExpectation(table, Rows.ADDED if wanted[0] in "+-" else Rows.AFFECTED, int(wanted))
