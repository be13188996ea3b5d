"""Make an answer fit to be kept and shown: no password, cookie or e-mail address survives.

What is kept is JSON that any reader takes: finite numbers of 64 bits, printable text, a bounded depth.
"""

import math
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

HIDDEN = "[hidden]"
LOOKED_AT_MAX = 20_000
DEPTH_MAX = 8
_EMAIL = re.compile(r"[\w.+%-]+(?:@|%40|&#64;)[\w-]+(?:\.[\w-]+)+", re.IGNORECASE)
_SECRET_KEY = re.compile(r"pass|pwd|cookie|token|secret|session|e-?mail|auth", re.IGNORECASE)
_ASSIGNED = re.compile(
    r"""((?:mojolicious|password|passwd|pwd|token|secret|cookie|session)["']?\s*[=:]\s*["']?)[^\s"'<>;&,]+""",
    re.IGNORECASE,
)


def redact_text(text: str, secrets: Iterable[str] = (), *, longest: int = 300) -> str:
    """The beginning of ``text`` on one line, without ``secrets``, e-mail addresses and control characters."""
    shown = text[:LOOKED_AT_MAX]
    for secret in secrets:
        if secret:
            shown = shown.replace(secret, HIDDEN)
    shown = _ASSIGNED.sub(rf"\1{HIDDEN}", _EMAIL.sub(HIDDEN, shown))[: longest + 1]
    if not shown.isprintable():
        shown = "".join(letter if letter.isprintable() else " " for letter in shown)
    shown = shown.strip()
    return shown if len(shown) <= longest else shown[:longest] + "..."


def redact_json(value: Any, secrets: Iterable[str] = (), *, depth: int = DEPTH_MAX) -> Any:
    """The same JSON value with the values of secret-sounding keys, secrets and e-mail addresses hidden.

    NaN, infinities, integers beyond 64 bits and what lies too deep become null.
    """
    known = tuple(secrets)
    if isinstance(value, str):
        return redact_text(value, known)
    if isinstance(value, Mapping | list) and depth == 0:
        return None
    if isinstance(value, Mapping):
        return {
            _key(str(key), known): HIDDEN
            if _sounds_secret(str(key))
            else redact_json(inner, known, depth=depth - 1)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [redact_json(inner, known, depth=depth - 1) for inner in value]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value if -(2**63) <= value < 2**63 and math.isfinite(value) else None
    return value


def _key(key: str, secrets: tuple[str, ...]) -> str:
    plain = key.isidentifier() and not any(secret and secret in key for secret in secrets)
    return key if plain else redact_text(key, secrets)


@lru_cache(maxsize=500)
def _sounds_secret(key: str) -> bool:
    return _SECRET_KEY.search(key) is not None
