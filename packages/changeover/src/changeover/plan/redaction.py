"""Hides secrets in all that is shown or kept, in whatever form a program or a report writes them.

Rule: too much hidden is a nuisance, too little is a leak. So a secret is looked for sign by sign, each in
every spelling that shells, URLs, JSON, SQL, HTML and Python give it, its bytes in hexadecimal and decimal
with whatever stands between them (``63:6f:72``), and whole in base32 and base64; lines may be wrapped
anywhere in it.
"""

import base64
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from html import escape
from urllib.parse import quote

_WRAP = r"(?:\\?\r?\n[ \t]*(?:[-+|>#*] ?)?)?"
"""Where a line may be broken: a terminal's or a mail's wrap, a shell's continuation, a diff's mark."""
_LEAST_ENCODED = 4
"""Fewer signs of base64 than this could be anything."""


class Redactor:
    """Replaces every secret by ``[name]``."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        by_length = sorted(((name, value) for name, value in secrets.items() if value), key=_longest_first)
        self._names = [name for name, _ in by_length]
        patterns = [f"(?P<s{place}>{_pattern(value)})" for place, (_, value) in enumerate(by_length)]
        self._pattern = re.compile("|".join(patterns)) if patterns else None

    def hide(self, text: str) -> str:
        """The text without secrets."""
        return self._pattern.sub(self._named, text) if self._pattern else text

    def hide_all(self, value: object) -> object:
        """A JSON-like value (mappings, lists, texts) without secrets, keys included."""
        if isinstance(value, str):
            return self.hide(value)
        if isinstance(value, Mapping):
            return {self.hide(str(key)): self.hide_all(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.hide_all(item) for item in value]
        return value

    def _named(self, match: re.Match[str]) -> str:
        return f"[{self._names[int((match.lastgroup or 's0')[1:])]}]"


def _longest_first(item: tuple[str, str]) -> int:
    return -len(item[1])


def _pattern(secret: str) -> str:
    plain = _WRAP.join(_sign(char) for char in secret)
    return "|".join([plain, *_bytes(secret.encode()), *(_encoded(form) for form in _wholes(secret.encode()))])


def _bytes(secret: bytes) -> Iterator[str]:
    """Patterns for the bytes of a secret one by one: ``63:6f``, ``63 6f``, ``0x63, 0x6f``, ``[99, 111]``."""
    between = rf"{_WRAP}(?:[\s:,;._-]{{0,3}}(?:0x|\\x|%|\$)?)"
    yield "(?i:" + between.join(f"{byte:02x}" for byte in secret) + ")"
    yield r"(?<!\d)" + r"[\s,;]{1,3}".join(f"0{{0,2}}{byte}" for byte in secret) + r"(?!\d)"


def _sign(char: str) -> str:
    """A pattern for one sign of a secret in every spelling."""
    spellings = {char, quote(char, safe=""), json.dumps(char)[1:-1], repr(char)[1:-1], escape(char)}
    spellings |= {"".join(form.format(byte) for byte in char.encode()) for form in ("\\x{:02x}", "\\{:03o}")}
    spellings |= {f"\\u{ord(char):04x}", f"\\u{{{ord(char):x}}}", f"&#{ord(char)};", f"&#x{ord(char):x};"}
    spellings |= {"".join(f"{mark}{byte:02x}" for byte in char.encode()) for mark in ("%", "%25")}
    spellings |= {f"\\{char}"} if not char.isalnum() else set()
    spellings |= _SPECIAL.get(char, set())
    ordered = sorted(spellings - {""}, key=len, reverse=True)
    return "(?:" + "|".join(_insensitive(form) for form in ordered) + ")"


_SPECIAL = {
    " ": {"+", "\u00b7", "\u2423", "\u00a0"},
    "\t": {"\u2192"},
    "\n": {"\\n", "\u00b6"},
    "'": {"'\\''", "''", "'\"'\"'", "&#39;", "&#x27;", "&apos;"},
    '"': {'""', "&quot;", "&#34;"},
    "\\": {"\\\\", "\\\\\\\\"},
}
"""What shells (``'\\''``), SQL (``''``), forms (``+``) and our own differences (dots for spaces) write."""


def _insensitive(form: str) -> str:
    """An escape's letters may be of either case; a sign as it is keeps its own."""
    pattern = re.escape(form)
    return f"(?i:{pattern})" if len(form) > 1 else pattern


def _wholes(secret: bytes) -> Iterator[str]:
    """The secret as a whole: base32, and base64 from each of the three places where it may begin."""
    yield base64.b32encode(secret).decode().rstrip("=")[: len(secret) * 8 // 5]
    for coded in (base64.b64encode, base64.urlsafe_b64encode):
        for before in range(3):
            text = coded(b"\0" * before + secret).decode().rstrip("=")
            encoded = text[(before * 8 + 5) // 6 :]
            whole = encoded if (before + len(secret)) % 3 == 0 else encoded[:-1]
            if len(whole) >= _LEAST_ENCODED:
                yield whole + ("" if whole == encoded else "@")


def _encoded(form: str) -> str:
    """A pattern for an encoded form; ``@`` at its end is a sign that depends on what comes behind."""
    signs: Iterable[str] = (re.escape(char) if char != "@" else r"[A-Za-z0-9+/_-]?=*" for char in form)
    return _WRAP.join(signs)
