"""Secrets that stand as they are in commands: which texts they are, and what to call them.

Rule: a text is one by its form (``sk_live_...``, ``AKIA...``, eight bytes in hexadecimal with colons) or by
the word before it (``--token X``, ``PASSWORD=X``, ``user:X@host``). Names in their place are none, nor are
paths.
"""

import re
from collections.abc import Iterator

_WORDS = (
    r"(?:pass(?:word|wd|phrase)?|pwd|secret|token|credential|(?:api|auth|access|private|signing)[_-]?key)"
)
_VALUE = r"(?P<value>[^\s\"'`&;|<>$(){}\[\]\\,@]{4,})"
_NAMED = re.compile(
    rf"(?i)(?<![\w$-])(?=[\w-]{{0,60}}?{_WORDS})(?P<name>[\w-]{{1,100}}+)"
    rf"(?P<sign>[\"']?\s{{0,3}}[=:]\s{{0,3}}|\s{{1,3}})[\"']?{_VALUE}"
)
_USER = r"[^\s:/@\"'$]{1,80}:"
_IN_URL = re.compile(rf"://{_USER}(?P<value>[^\s:/@\"'$]{{4,}})@")
_LOGIN = re.compile(rf"(?<!\S)(?:-u|--user)[ =][\"']?{_USER}{_VALUE}")
_FORMS = re.compile(
    r"(?<![\w-])(?P<value>sk_(?:live|test)_\w{8,}|sk-[\w-]{16,}|gh[pousr]_\w{16,}|github_pat_\w{16,}|glpat-[\w-]{10,}"
    r"|xox[abprs]-[\w-]{10,}|AKIA[0-9A-Z]{16}|eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{4,}|whsec_\w{8,}|npm_\w{16,}"
    r"|(?:[0-9A-Fa-f]{2}:){7,}[0-9A-Fa-f]{2})(?![\w:-])"
)
_NO_SECRET = re.compile(r"(?i)(?:file|path|name|url|uri|id|type|length|ttl|expir\w{0,20})s?$")
_NO_VALUE = re.compile(r"(?i)(?:[./~]|true$|false$|null$|none$|https?:|\*{3,}|x{4,}$|\.{3}|-|=)")


def certain(text: str) -> Iterator[tuple[str, str]]:
    """(literal, name) of what is a secret by its form, wherever it stands."""
    yield from ((match["value"], "SECRET") for match in _FORMS.finditer(text))
    yield from ((match["value"], "PASSWORD") for match in _IN_URL.finditer(text))


def literals(command: str) -> Iterator[tuple[str, str]]:
    """(literal, name) of every secret in a command, each once."""
    found = dict[str, str]()
    for match in _NAMED.finditer(command):
        name, value = match["name"], match["value"]
        spaced = not match["sign"].strip(" \"'")
        if (spaced and not name.startswith("--")) or _NO_SECRET.search(name) or _NO_VALUE.match(value):
            continue
        found.setdefault(value, re.sub(r"\W+", "_", name.strip("-")).upper())
    for match in _LOGIN.finditer(command):
        found.setdefault(match["value"], "PASSWORD")
    for value, name in certain(command):
        found.setdefault(value, name)
    yield from found.items()


def in_shell(script: str, literal: str, name: str) -> str:
    """A script with a variable in place of a secret; single quotes end before it and go on behind it."""
    out, at = [], 0
    while (found := script.find(literal, at)) >= 0:
        inside = _quote_at(script, found)
        marks = {"'": ("'\"", "\"'"), '"': ("", ""), "": ('"', '"')}[inside]
        out += [script[at:found], marks[0], f"${{{name}}}", marks[1]]
        at = found + len(literal)
    return "".join([*out, script[at:]])


def _quote_at(script: str, place: int) -> str:
    """The quote inside of which a place is; empty outside of any."""
    quote, at = "", 0
    while at < place:
        char = script[at]
        if char == "\\" and quote != "'":
            at += 1
        elif not quote and char == "#" and (at == 0 or script[at - 1].isspace()):
            end = script.find("\n", at)
            at = end if 0 <= end < place else place
        elif char in "'\"" and quote in ("", char):
            quote = "" if quote else char
        at += 1
    return quote
