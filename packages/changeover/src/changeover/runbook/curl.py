"""A curl command as an http block: method, URL, headers, body, and what a comment says of the answer.

Rule: an option that would be lost makes the command stay a shell command; secrets become ``${NAME}``.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

_WITHOUT_VALUE = {"s", "S", "f", "L", "i", "k", "v", "silent", "show-error", "fail", "location", "include",
                  "verbose", "insecure", "compressed", "fail-with-body", "no-progress-meter"}  # fmt: skip
_IGNORED_VALUE = {"o", "output", "w", "write-out", "connect-timeout", "m", "max-time", "retry", "retry-delay"}
_VARIABLE = re.compile(r"\$\{?([A-Za-z_]\w*)\}?")
_SECRET = re.compile(r"(?i)^(?P<name>authorization|cookie|x-api-key|proxy-authorization):\s*(?P<value>.*)$")
_PATH = re.compile(r"\.(?:[A-Za-z_]\w*|\[\d+\])(?:\.[A-Za-z_]\w*|\[\d+\])*")


@dataclass(slots=True)
class Call:
    """What curl was asked to do. ``secrets`` are the (literal, name) pairs that were replaced."""

    method: str = "GET"
    url: str = ""
    headers: list[str] = field(default_factory=list)
    body: str | None = None
    fails: bool = False
    secrets: list[tuple[str, str]] = field(default_factory=list)

    @property
    def base(self) -> str:
        """Scheme and host of the URL, such as ``https://example.org``."""
        parts = urlsplit(self.url)
        return (
            f"{parts.scheme}://{parts.netloc}" if parts.scheme in ("http", "https") and parts.netloc else ""
        )

    def block(self, expected: list[str], app: str) -> str:
        """The text of an http block; ``app`` is the base that becomes ``${app}``."""
        url = "${app}" + self.url[len(app) :] if app and self.base == app else self.url
        lines = [f"{self.method} {url}", *self.headers]
        if self.body is not None:
            lines += ["", self.body, ""]
        return "\n".join([*lines, *expected])


def read_curl(words: list[str]) -> Call | None:
    """The call of a curl command without pipes; None where something of it would be lost."""
    call = Call()
    rest = iter(words[1:])
    for word in rest:
        if not word.startswith("-") or word == "-":
            if call.url:
                return None
            call.url = in_plan(word)
        elif not _option(call, word, rest):
            return None
    if "://" not in call.url and re.match(r"[\w.-]+[.:]", call.url):
        call.url = f"http://{call.url}"
    return call if is_address(call.url) else None


def in_plan(text: str) -> str:
    """The text with a shell's ``$NAME`` as a plan writes it: ``${NAME}``."""
    return _VARIABLE.sub(r"${\1}", text)


def is_address(url: str) -> bool:
    """Whether it is a URL, or begins with a variable that may hold one."""
    return re.match(r"(https?://|\$\{)\S+$", url) is not None


def with_header(call: Call, header: str) -> None:
    """The call sends a header; a secret in it becomes ``${NAME}``."""
    call.headers.append(_header(call, header))


def _option(call: Call, word: str, rest: Iterator[str]) -> bool:
    name, _, joined = word.lstrip("-").partition("=") if word.startswith("--") else (word[1:], "", "")
    if not word.startswith("--") and len(name) > 1:
        return _bundle(call, name, rest)
    if name in _WITHOUT_VALUE:
        call.fails = call.fails or name in ("f", "fail", "fail-with-body")
        return True
    if name in ("I", "head"):
        call.method = "HEAD"
        return True
    value = joined or next(rest, "")
    return name in _IGNORED_VALUE or _valued(call, name, value)


def _bundle(call: Call, letters: str, rest: Iterator[str]) -> bool:
    """``-sSf`` and ``-XPOST``: several flags, or a flag with its value attached."""
    if letters[0] in "XHdbomw":
        return letters[0] in "omw" or _valued(call, letters[0], letters[1:])
    return all(_option(call, f"-{letter}", rest) for letter in letters)


def _valued(call: Call, name: str, value: str) -> bool:
    if name in ("X", "request"):
        call.method = value.upper()
    elif name in ("H", "header"):
        with_header(call, value)
    elif name in ("b", "cookie"):
        with_header(call, f"Cookie: {value}")
    elif name in ("d", "data", "data-raw", "data-binary", "json") and not value.startswith("@"):
        call.method = "POST" if call.method == "GET" else call.method
        call.body = in_plan(value)
    elif name == "url":
        call.url = in_plan(value)
    else:
        return False
    return bool(value)


def _header(call: Call, header: str) -> str:
    header = in_plan(header)
    match = _SECRET.match(header)
    if match is None or "${" in header:
        return header
    value = match["value"].strip()
    prefix = re.match(r"(?:[\w-]+=|\w+\s+)?", value)
    prefixed = prefix.group() if prefix else ""
    literal = value[len(prefixed) :]
    if not literal:
        return header
    name = re.sub(r"\W+", "_", prefixed.strip("= ") if prefixed.endswith("=") else match["name"]).upper()
    call.secrets.append((literal, name))
    return f"{match['name']}: {prefixed}${{{name}}}"


def expected_lines(text: str, jq: str | None, fails: bool) -> list[str]:
    """The status line and assertions that a comment's words mean; empty where they mean none."""
    value = _json(text)
    if jq is not None:
        if text and _PATH.fullmatch(jq):
            literal = json.dumps(value) if value is not _NONE else json.dumps(text.strip('"'))
            return [f"200 {jq} == {literal}"]
        return []
    if isinstance(value, dict):
        return ["200", *_leaves(value, "")]
    status = re.search(r"\b([1-5]\d\d)\b", text)
    if status:
        return [status[1]]
    return ["200"] if fails or re.fullmatch(r"(?i)ok\b.*", text) else []


_NONE = object()


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return _NONE


def _leaves(value: dict[str, object], path: str) -> list[str]:
    found: list[str] = []
    for name, item in value.items():
        here = f"{path}.{name}" if re.fullmatch(r"[A-Za-z_]\w*", name) else f"{path}.{json.dumps(name)}"
        if isinstance(item, dict):
            found += _leaves(item, here)
        elif item is None or isinstance(item, str | int | float):
            found.append(f"{here} == {json.dumps(item, ensure_ascii=False)}")
        else:
            found.append(f"{here} exists")
    return found
