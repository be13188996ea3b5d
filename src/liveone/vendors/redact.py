"""Make an answer fit to be kept and shown: no password, cookie or e-mail address survives.

What is kept is JSON that any reader takes: finite numbers of 64 bits, printable text, a bounded depth.
However large or hostile an answer is, only its beginning is looked at, and in time proportional to that.
"""

import math
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

HIDDEN = "[hidden]"
LOOKED_AT_MAX = 4_000
"""Characters of one text that are looked at."""

CUT_MAX = 500
"""Longest secret of an unknown kind: so much before a cut is not shown, for it may be the half of one."""

ANSWER_MAX = 50_000
"""Characters of one answer that are kept; every value counts as VALUE_COSTS at least."""

VALUE_COSTS = 8
DEPTH_MAX = 8
_WORD = re.compile(r"(?:[\w.+%@-]|&#64;)++")
_ADDRESS = re.compile(r"(?:@|%40|&#64;)[\w-]++\.\w", re.IGNORECASE)
"""What makes a word an e-mail address. The word is hidden as a whole: nobody has to say where it begins."""

_SECRET_KEY = re.compile(r"pass|pwd|cookie|token|secret|session|e-?mail|auth", re.IGNORECASE)
_ASSIGNED = re.compile(
    r"""((?:mojolicious|password|passwd|pwd|token|secret|cookie|session)["']?\s{0,9}[=:]\s{0,9}["']?)"""
    r"""[^\s"'<>;&,]+""",
    re.IGNORECASE,
)


def redact_text(text: str, secrets: Iterable[str] = (), *, longest: int = 300) -> str:
    """The beginning of ``text`` on one line, without ``secrets``, e-mail addresses and control characters."""
    known = sorted(filter(None, secrets), key=len, reverse=True)
    cut = max([CUT_MAX, *map(len, known)])
    shown = text[: LOOKED_AT_MAX + cut]
    for secret in known:
        shown = shown.replace(secret, HIDDEN)
    shown = _ASSIGNED.sub(rf"\1{HIDDEN}", _WORD.sub(_unless_address, shown))
    if len(text) > LOOKED_AT_MAX + cut:
        shown = shown[:-cut] + " ..."
    shown = shown[: longest + 1]
    if not shown.isprintable():
        shown = "".join(letter if letter.isprintable() else " " for letter in shown)
    shown = shown.strip()
    return shown if len(shown) <= longest else shown[:longest] + "..."


def redact_json(value: Any, secrets: Iterable[str] = ()) -> Any:
    """The same JSON value with the values of secret-sounding keys, secrets and e-mail addresses hidden.

    NaN, infinities, integers beyond 64 bits and what lies too deep become null; what comes after the first
    ANSWER_MAX characters is left out.
    """
    return _Redaction(tuple(secrets)).of(value, DEPTH_MAX)


class _Redaction:
    """One answer, and how much more of it is looked at."""

    def __init__(self, secrets: tuple[str, ...]) -> None:
        self._secrets = secrets
        self._left = ANSWER_MAX

    def of(self, value: Any, depth: int) -> Any:
        self._left -= VALUE_COSTS
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, Mapping | list) and depth == 0:
            return None
        if isinstance(value, Mapping):
            return self._object(value, depth)
        if isinstance(value, list):
            return self._list(value, depth)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return value if -(2**63) <= value < 2**63 and math.isfinite(value) else None
        return value

    def _object(self, value: Mapping[Any, Any], depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, inner in value.items():
            if self._left <= 0:
                break
            name = self._key(str(key))
            found[name] = HIDDEN if _sounds_secret(str(key)) else self.of(inner, depth - 1)
        return found

    def _list(self, value: list[Any], depth: int) -> list[Any]:
        found: list[Any] = []
        for inner in value:
            if self._left <= 0:
                break
            found.append(self.of(inner, depth - 1))
        return found

    def _key(self, key: str) -> str:
        self._left -= VALUE_COSTS
        plain = (
            len(key) <= 64
            and key.isidentifier()
            and not any(secret and secret in key for secret in self._secrets)
        )
        return key if plain else self._text(key)

    def _text(self, text: str) -> str:
        self._left -= min(len(text), LOOKED_AT_MAX)
        return redact_text(text, self._secrets)


def _unless_address(word: re.Match[str]) -> str:
    return HIDDEN if _ADDRESS.search(word[0]) else word[0]


@lru_cache(maxsize=500)
def _sounds_secret(key: str) -> bool:
    return _SECRET_KEY.search(key[:LOOKED_AT_MAX]) is not None
