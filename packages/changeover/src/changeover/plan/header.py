"""From the front matter to the settings of a plan: database, limits, parameters, hooks, probe, schema.

Rule: an unknown key is an error; every value that does not fit is noted with its line, and reading goes on.
"""

import ast
import re
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from typing import Any, TypeVar

from changeover.plan.attributes import regular_expression
from changeover.plan.frontmatter import Node
from changeover.plan.model import (
    Contract,
    Event,
    Header,
    Hook,
    HookKind,
    Order,
    Parameter,
    ParameterKind,
    PlanFile,
    Probe,
    SchemaExpectation,
)
from changeover.plan.placeholders import is_placeholder
from changeover.plan.problem_collector import Files, ProblemCollector, suggestion
from changeover.problems import Position
from changeover.words import parse_duration

KEYS = {
    "database", "downtime", "rollback-within", "writers-held", "order", "backups", "functions", "extensions",
    "accept", "parameters", "notify", "probe", "contract", "schema",
}  # fmt: skip
_RESERVED = {
    "PATH", "HOME", "SHELL", "IFS", "ENV", "BASH_ENV", "PWD", "PS4", "LD_PRELOAD", "LD_LIBRARY_PATH",
    "PYTHONPATH", "GIT_SSH_COMMAND", "PROMPT_COMMAND",
}  # fmt: skip

Converted = TypeVar("Converted")
Choice = TypeVar("Choice", bound=StrEnum)


def choice(kind: type[Choice]) -> Callable[[str], Choice]:
    """A converter to one of the values of an enumeration."""

    def convert(text: str) -> Choice:
        if text not in set(kind):
            raise ValueError(f"{text!r} is unknown; choose one of {', '.join(kind)}")
        return kind(text)

    return convert


def truth(text: str) -> bool:
    """``true`` or ``false``; ValueError for anything else."""
    if text not in ("true", "false"):
        raise ValueError(f"{text!r} is neither true nor false")
    return text == "true"


def whole(text: str) -> int:
    """A whole number from 0 up."""
    if not text.isascii() or not text.isdigit():
        raise ValueError(f"{text!r} is no whole number")
    return int(text)


class Mapped:
    """One mapping of the front matter, read key by key with converters that raise ValueError."""

    def __init__(
        self, node: Mapping[str, Node], where: str, position: Position, problems: ProblemCollector
    ) -> None:
        self.node, self.where, self.position, self.problems = node, where, position, problems

    def at(self, key: str) -> Position:
        """The line of a key's value, or of the mapping."""
        return Position(self.position.file, self.node[key].line) if key in self.node else self.position

    def only(self, known: Iterable[str]) -> None:
        """Note every key that is not known."""
        for key in self.node:
            if key not in set(known):
                self.problems.add(
                    self.at(key), "front-matter", f"unknown {self.where} {key!r}", suggestion(key, known)
                )

    def get(self, key: str, convert: Callable[[str], Converted]) -> Converted | None:
        """The converted text of a key; None where it is absent or wrong (which is noted)."""
        if key not in self.node:
            return None
        value = self.node[key].value
        try:
            if not isinstance(value, str):
                raise ValueError("one value is expected here, not several")
            return convert(value)
        except ValueError as error:
            self.problems.add(self.at(key), "front-matter", f"{key}: {error}")
            return None

    def mapping(self, key: str, where: str) -> "Mapped | None":
        """The mapping under a key; None where it is absent or something else (which is noted)."""
        if key not in self.node:
            return None
        value = self.node[key].value
        if isinstance(value, Mapping):
            return Mapped(value, where, self.at(key), self.problems)
        self.problems.add(self.at(key), "front-matter", f"{key}: name: value pairs are expected here")
        return None

    def items(self, key: str) -> list[Node]:
        """The items of a list under a key; a single item may stand without a list."""
        if key not in self.node:
            return []
        node = self.node[key]
        return node.value if isinstance(node.value, list) else [node]

    def texts(self, key: str) -> list[tuple[str, Position]]:
        """The texts of a list under a key, each with its line; one that is no text or empty is noted."""
        found = []
        for node in self.items(key):
            position = Position(self.position.file, node.line)
            if isinstance(node.value, str) and node.value:
                found.append((node.value, position))
            else:
                self.problems.add(
                    position, "front-matter", f"{key}: write {key}: name or {key}: [name, name]"
                )
        return found


def read_header(
    nodes: Mapping[str, Node], position: Position, files: Files, problems: ProblemCollector
) -> dict[str, Any]:
    """The fields of `Plan` that the front matter sets, ready to be passed to its constructor."""
    top = Mapped(nodes, "front matter key", position, problems)
    top.only(KEYS)
    if not top.get("database", str):
        hint = "write for example 'database: ${DATABASE_URL}' in the front matter"
        problems.add(
            top.at("database"), "no-database", "the plan does not say which database it changes", hint
        )
    return {
        "database": top.get("database", str) or "",
        "downtime_s": top.get("downtime", parse_duration),
        "rollback_within_s": top.get("rollback-within", parse_duration),
        "order": top.get("order", choice(Order)) or Order.AUTO,
        "writers_held_s": top.get("writers-held", parse_duration),
        "backups": top.get("backups", str),
        "functions": _functions(top, files),
        "extensions": tuple(text for text, _ in top.texts("extensions")),
        "accept": _accept(top),
        "parameters": _parameters(top, problems),
        "hooks": tuple(_hook(node, top, problems) for node in top.items("notify")),
        "probe": _probe(top),
        "contract": _contract(top),
        "schema": _schema(top, files),
    }


def _parameters(top: Mapped, problems: ProblemCollector) -> tuple[Parameter, ...]:
    found = top.mapping("parameters", "parameter")
    return tuple(_parameter(found, name, problems) for name in found.node) if found else ()


def _parameter(found: Mapped, name: str, problems: ProblemCollector) -> Parameter:
    position = found.at(name)
    if not re.fullmatch(r"[A-Za-z_]\w*", name) or name.upper() in _RESERVED:
        hint = "letters, digits and '_', and no name that the shell itself uses"
        problems.add(position, "parameter-name", f"a parameter cannot be called {name!r}", hint)
    value = found.node[name].value
    one = Mapped(value, "setting of a parameter", position, problems) if isinstance(value, Mapping) else None
    if one is None:
        if value:
            problems.add(position, "front-matter", f'{name}: write {name}: {{help: "...", required: true}}')
        return Parameter(name, position)
    one.only(("help", "kind", "required", "default", "secret", "pattern", "env"))
    return Parameter(
        name,
        position,
        help=one.get("help", str) or "",
        kind=one.get("kind", choice(ParameterKind)) or ParameterKind.TEXT,
        required=one.get("required", truth) or False,
        default=one.get("default", str),
        secret=one.get("secret", truth) or False,
        pattern=one.get("pattern", regular_expression),
        env=one.get("env", str),
    )


def _hook(node: Node, top: Mapped, problems: ProblemCollector) -> Hook:
    position = Position(top.position.file, node.line)
    one = Mapped(node.value if isinstance(node.value, Mapping) else {}, "notify setting", position, problems)
    one.only(("command", "webhook", "on"))
    kinds = [kind for kind in HookKind if kind.value in one.node]
    if len(kinds) != 1:
        hint = 'write {command: "..."} or {webhook: "https://..."}, and on: [failed, finished] if not all'
        problems.add(position, "front-matter", "a hook has either a command or a webhook", hint)
        return Hook(HookKind.COMMAND, "", position)
    events = tuple(_event(item, one, problems) for item in one.items("on"))
    return Hook(kinds[0], one.get(kinds[0].value, str) or "", position, events or tuple(Event))


def _event(node: Node, one: Mapped, problems: ProblemCollector) -> Event:
    if isinstance(node.value, str) and node.value in set(Event):
        return Event(node.value)
    hint = suggestion(str(node.value), [event.value for event in Event])
    problems.add(Position(one.position.file, node.line), "front-matter", f"no event {node.value!r}", hint)
    return Event.FAILED


def _probe(top: Mapped) -> Probe | None:
    one = top.mapping("probe", "probe setting")
    if one is None:
        return None
    one.only(("url", "every", "slow", "timeout", "headers", "failures-allowed"))
    url = one.get("url", str)
    if not url:
        one.problems.add(one.position, "front-matter", "the probe has no url", "url: ${APP}/api/health")
    headers = one.mapping("headers", "header")
    return Probe(
        url or "",
        one.position,
        every_s=one.get("every", parse_duration) or 0.1,
        slow_s=one.get("slow", parse_duration) or 1.0,
        timeout_s=one.get("timeout", parse_duration) or 5.0,
        headers=tuple(Header(name, headers.get(name, str) or "") for name in headers.node) if headers else (),
        failures_allowed=one.get("failures-allowed", whole),
    )


def _contract(top: Mapped) -> Contract | None:
    one = top.mapping("contract", "contract setting")
    if one is None:
        return None
    if "command" in one.node:
        one.only(("command",))
        return Contract(one.position, command=one.get("command", str))
    return Contract(one.position, tables={name: _columns(one, name) for name in one.node})


def _columns(one: Mapped, table: str) -> tuple[str, ...]:
    value = one.node[table].value
    if isinstance(value, str):
        return tuple(value.split())
    if isinstance(value, list) and all(isinstance(item.value, str) for item in value):
        return tuple(str(item.value) for item in value)
    one.problems.add(one.at(table), "front-matter", f"contract of {table}: write {table}: [column, column]")
    return ()


def _functions(top: Mapped, files: Files) -> tuple[PlanFile, ...]:
    """The Python files that teach a connection; read, so that the plan's hash covers them."""
    found = []
    for name, position in top.texts("functions"):
        file = files.get(name, position)
        if file is None:
            continue
        if not _defines_register(file.text):
            hint = (
                "def register(connection): connection.create_function(...), connection.create_collation(...)"
            )
            top.problems.add(position, "functions", f"{name} defines no function register(connection)", hint)
        found.append(file)
    return tuple(found)


def _defines_register(text: str) -> bool:
    try:
        body = ast.parse(text).body
    except (SyntaxError, ValueError):
        return False
    return any(isinstance(node, ast.FunctionDef) and node.name == "register" for node in body)


def _accept(top: Mapped) -> dict[str, str]:
    """Findings of the rehearsal that are meant, each with a reason: one that says nothing is no reason."""
    one = top.mapping("accept", "finding")
    found: dict[str, str] = {}
    for name in one.node if one else ():
        reason = one.get(name, str) if one else None
        if reason is not None and is_placeholder(reason):
            hint = f'write why it may happen: {name}: "the audit log is written by a trigger"'
            top.problems.add(
                one.at(name) if one else top.position, "accept", f"{name} is accepted without a reason", hint
            )
        found[name] = reason or ""
    return found


def _schema(top: Mapped, files: Files) -> SchemaExpectation | None:
    one = top.mapping("schema", "schema setting")
    if one is None:
        return None
    one.only(("before", "after"))
    before, after = one.get("before", str), one.get("after", str)
    return SchemaExpectation(
        one.position,
        files.get(before, one.at("before")) if before else None,
        files.get(after, one.at("after")) if after else None,
    )
