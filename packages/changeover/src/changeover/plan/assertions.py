"""JSON assertions (``.data[0].name == "x"``) and HTTP requests of a plan: read, and held against answers.

Rule: reading raises ValueError with a sentence for the author; holding against an answer never raises.
"""

import json
import re
from collections.abc import Callable, Sequence

from changeover.plan.actions import Header, JsonAssertion, Operator, Request

_STEP = re.compile(r'\.(?P<name>[A-Za-z_$][\w$-]*)|\."(?P<quoted>(?:\\.|[^"\\])*)"|\[(?P<index>-?\d+)\]')
_OPERATOR = re.compile(r"\s*(==|!=|<=|>=|<|>|~|exists\b)\s*")
_STATUS = re.compile(r"(?P<status>[1-5]\d\d)(?:\s+(?P<rest>\S.*))?$")
_REQUEST = re.compile(r"(?P<method>GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS)\s+(?P<url>\S+)$")
_HEADER = re.compile(r"(?P<name>[!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(?P<value>.*)$")
_MISSING = object()


def read_assertions(text: str) -> tuple[JsonAssertion, ...]:
    """The assertions of a text, on one line or several; the word ``json`` may stand before them."""
    found: list[JsonAssertion] = []
    at = 0
    while text[at:].strip():
        at += len(text[at:]) - len(text[at:].lstrip())
        if text.startswith("json ", at):
            at += 5
            continue
        assertion, at = _assertion(text, at)
        found.append(assertion)
    return tuple(found)


def _assertion(text: str, start: int) -> tuple[JsonAssertion, int]:
    path, at = _path(text, start)
    match = _OPERATOR.match(text, at)
    if match is None:
        raise ValueError(
            f"after {text[start:at]!r} an operator is missing: ==, !=, <, <=, >, >=, ~ or exists"
        )
    operator = Operator(match[1])
    at = match.end()
    if operator is Operator.EXISTS:
        return JsonAssertion(path, operator, None, text[start:at].strip()), at
    value, at = _literal(text, at)
    if operator is Operator.MATCHES:
        _compiled(value)
    return JsonAssertion(path, operator, value, text[start:at].strip()), at


def _path(text: str, at: int) -> tuple[tuple[str | int, ...], int]:
    steps: list[str | int] = []
    start = at
    while match := _STEP.match(text, at):
        name = match["name"] if match["quoted"] is None else json.loads(f'"{match["quoted"]}"')
        steps.append(int(match["index"]) if match["index"] is not None else name)
        at = match.end()
    if at == start:
        if re.match(r"\.(\s|$)", text[at:]):
            return (), at + 1
        raise ValueError(
            f"{text[at:].splitlines()[0]!r} is no JSON path; write for example .items[0].name == 3"
        )
    return tuple(steps), at


def _literal(text: str, at: int) -> tuple[object, int]:
    try:
        value, end = json.JSONDecoder().raw_decode(text, at)
        if end == len(text) or text[end].isspace():
            return value, end
    except json.JSONDecodeError:
        pass
    match = re.compile(r"\S+").match(text, at)
    if match is None:
        raise ValueError("a value is missing after the operator")
    return match[0], match.end()


def _compiled(value: object) -> None:
    try:
        re.compile(str(value))
    except re.error as error:
        raise ValueError(
            f"{value!r} is no regular expression: {error}; write \\ before a sign that is meant as it is"
        ) from error


def read_requests(text: str) -> tuple[Request, ...]:
    """The requests of an http block; several are divided by a line ``###``."""
    return tuple(_request(part.strip("\n")) for part in re.split(r"(?m)^###\s*$", text))


def _request(text: str) -> Request:
    lines = [line.rstrip() for line in text.split("\n")]
    match = _REQUEST.match(lines[0])
    if match is None:
        raise ValueError(f"{lines[0]!r} is no request line; write for example GET ${{APP}}/api/health")
    headers, at = _headers(lines, 1)
    status_at = next((i for i in range(at, len(lines)) if _STATUS.match(lines[i])), len(lines))
    body = "\n".join(lines[at:status_at]).strip("\n")
    status, assertions = _expected(lines[status_at:])
    return Request(match["method"], match["url"], headers, body or None, status, assertions)


def _headers(lines: Sequence[str], at: int) -> tuple[tuple[Header, ...], int]:
    found: list[Header] = []
    while at < len(lines) and (match := _HEADER.match(lines[at])):
        found.append(Header(match["name"], match["value"].strip()))
        at += 1
    if at < len(lines) and lines[at] and not _STATUS.match(lines[at]):
        raise ValueError(
            f"{lines[at]!r} is neither 'Name: value' nor a status; a body stands after an empty line"
        )
    return tuple(found), at


def _expected(lines: Sequence[str]) -> tuple[int | None, tuple[JsonAssertion, ...]]:
    if not lines:
        return None, ()
    match = _STATUS.match(lines[0])
    assert match is not None
    return int(match["status"]), read_assertions("\n".join([match["rest"] or "", *lines[1:]]))


def read_gate_request(text: str) -> Request:
    """The request of a gate: ``URL [status] [assertions]``, everything on one line, by GET."""
    url, _, rest = text.strip().partition(" ")
    if not url:
        raise ValueError('a URL is missing; write for example until="http ${APP}/api/health .status == ok"')
    match = _STATUS.match(rest.strip())
    status, tail = (int(match["status"]), match["rest"] or "") if match else (200, rest)
    return Request("GET", url, status=status, assertions=read_assertions(tail))


def failures(
    document: object, assertions: Sequence[JsonAssertion], expand: Callable[[str], str] = str
) -> list[str]:
    """One sentence for each assertion that does not hold; ``expand`` gives ``${NAME}`` its value."""
    return [reason for assertion in assertions if (reason := _failure(document, assertion, expand))]


def _failure(document: object, assertion: JsonAssertion, expand: Callable[[str], str]) -> str:
    found = _at(document, assertion.path)
    if found is _MISSING:
        return f"expected {assertion.text}, found nothing at that path"
    value = expand(assertion.value) if isinstance(assertion.value, str) else assertion.value
    if _holds(found, assertion.operator, value):
        return ""
    return f"expected {assertion.text}, found {json.dumps(found, ensure_ascii=False)[:200]}"


def _at(document: object, path: Sequence[str | int]) -> object:
    for step in path:
        inner: object = _MISSING
        if isinstance(step, str) and isinstance(document, dict):
            inner = document.get(step, _MISSING)
        elif isinstance(step, int) and isinstance(document, list):
            inner = document[step] if -len(document) <= step < len(document) else _MISSING
        if inner is _MISSING:
            return _MISSING
        document = inner
    return document


def _holds(found: object, operator: Operator, value: object) -> bool:
    if operator is Operator.EXISTS:
        return True
    if operator is Operator.MATCHES:
        return isinstance(found, str | int | float) and re.search(str(value), str(found)) is not None
    if operator in (Operator.EQUAL, Operator.NOT_EQUAL):
        return _same(found, value) is (operator is Operator.EQUAL)
    return (
        _is_number(found) and _is_number(value) and compares(float(str(found)), operator, float(str(value)))
    )


def _same(found: object, value: object) -> bool:
    if isinstance(found, bool) or isinstance(value, bool):
        return found is value
    return found == value


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def compares(found: float, operator: Operator, wanted: float) -> bool:
    """Whether a number stands to another as the operator says."""
    return {
        Operator.EQUAL: found == wanted,
        Operator.NOT_EQUAL: found != wanted,
        Operator.LESS: found < wanted,
        Operator.AT_MOST: found <= wanted,
        Operator.MORE: found > wanted,
        Operator.AT_LEAST: found >= wanted,
    }.get(operator, False)
