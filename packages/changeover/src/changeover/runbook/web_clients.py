"""The call that a command makes over HTTP, whichever client makes it: curl, wget, httpie and xh.

Rule: as in `curl`, whatever would be lost makes the command stay a shell command.
"""

import json
import re
from collections.abc import Iterator
from urllib.parse import quote_plus

from changeover.runbook.curl import Call, in_plan, is_address, read_curl, with_header
from changeover.shell.script import Word
from changeover.shell.wrappers import program

CLIENTS = ("curl", "wget", "http", "https", "xh", "xhs")
_WGET_FLAGS = {"q", "nv", "S", "quiet", "no-verbose", "server-response", "no-check-certificate", "no-cache",
               "content-on-error", "no-hsts"}  # fmt: skip
_WGET_IGNORED = {"T", "t", "w", "timeout", "tries", "wait", "waitretry", "connect-timeout", "read-timeout"}
_HTTPIE_FLAGS = {"b", "body", "h", "headers", "v", "verbose", "F", "follow", "j", "json", "I", "q", "quiet",
                 "ignore-stdin", "check-status", "no-check-status"}  # fmt: skip
_HTTPIE_IGNORED = {"p", "print", "pretty", "timeout", "verify", "s", "style"}
_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
_ITEM = re.compile(r"(?P<name>[^:=@\s]+?)(?P<kind>==|:=|:|=)(?P<value>.*)", re.DOTALL)


def makes_call(words: list[Word]) -> bool:
    """Whether a command asks over HTTP: ``http`` and ``https`` alone are words like any other."""
    client = program(words)
    texts = [word.text for word in words]
    return client == "curl" or (client in CLIENTS and read_call(texts, client) is not None)


def read_call(words: list[str], client: str) -> Call | None:
    """The call of a command of one of `CLIENTS`; None where something of it would be lost."""
    if client == "curl":
        return read_curl(words)
    if client == "wget":
        return _wget(words[1:])
    return _httpie(words[1:], secure=client in ("https", "xhs"))


def _wget(words: list[str]) -> Call | None:
    """``wget -qO- URL``, ``wget --spider URL``; one that keeps a file is no check."""
    call, keeps_file, rest = Call(fails=True), True, iter(words)
    for word in rest:
        if not word.startswith("-") or word == "-":
            if call.url:
                return None
            call.url = in_plan(word)
            continue
        name, value = _option(word, {*_WGET_FLAGS, "spider"}, rest)
        if name == "spider":
            call.method, keeps_file = "HEAD", False
        elif name in ("O", "output-document"):
            keeps_file = value not in ("-", "/dev/null")
        elif name == "header":
            with_header(call, value)
        elif name in ("U", "user-agent"):
            with_header(call, f"User-Agent: {value}")
        elif name in ("post-data", "body-data"):
            call.method = "POST" if name == "post-data" else call.method
            call.body = in_plan(value)
        elif name == "method":
            call.method = value.upper()
        elif name not in _WGET_FLAGS | _WGET_IGNORED:
            return None
    return None if keeps_file else _addressed(call, "http")


def _httpie(words: list[str], *, secure: bool) -> Call | None:
    """``http [METHOD] URL [Name:header] [key==query] [key=text] [key:=json]``."""
    call, plain, rest = Call(), list[str](), iter(words)
    for word in rest:
        if not word.startswith("-"):
            plain.append(word)
            continue
        name, _ = _option(word, _HTTPIE_FLAGS, rest)
        if name not in _HTTPIE_FLAGS | _HTTPIE_IGNORED:
            return None
        call.fails = call.fails or name == "check-status"
    method = plain.pop(0) if plain and plain[0].upper() in _METHODS and len(plain) > 1 else ""
    if not plain:
        return None
    call.url = in_plan(plain[0])
    if call.url.startswith(":"):
        call.url = f"localhost{call.url if re.match(r':[0-9$]', call.url) else call.url[1:]}"
    data: dict[str, object] = {}
    if not all(_item(call, data, item) for item in plain[1:]):
        return None
    if data:
        call.body = in_plan(json.dumps(data, ensure_ascii=False))
        with_header(call, "Content-Type: application/json")
    call.method = method.upper() or ("POST" if data else "GET")
    return _addressed(call, "https" if secure else "http")


def _item(call: Call, data: dict[str, object], item: str) -> bool:
    found = _ITEM.fullmatch(item)
    if found is None:
        return False
    name, value = found["name"], found["value"]
    match found["kind"]:
        case ":":
            with_header(call, f"{name}: {value}")
        case "==":
            sign = "&" if "?" in call.url else "?"
            call.url += f"{sign}{quote_plus(name)}={value if '$' in value else quote_plus(value)}"
            call.url = in_plan(call.url)
        case "=":
            data[name] = value
        case _:
            try:
                data[name] = json.loads(value)
            except json.JSONDecodeError:
                return False
    return True


def _option(word: str, flags: set[str], rest: Iterator[str]) -> tuple[str, str]:
    """(name, value) of an option; the last of several letters may have its value attached, as in ``-qO-``."""
    if word.startswith("--"):
        name, _, value = word[2:].partition("=")
        return name, value or ("" if name in flags else next(rest, ""))
    letters = word[1:]
    if letters in flags:
        return letters, ""
    while len(letters) > 1 and letters[0] in flags:
        letters = letters[1:]
    name, value = letters[0], letters[1:]
    return name, value or ("" if name in flags else next(rest, ""))


def _addressed(call: Call, scheme: str) -> Call | None:
    if "://" not in call.url and not call.url.startswith("${"):
        call.url = f"{scheme}://{call.url}"
    return call if is_address(call.url) else None
