"""Plain text: newlines, names made from headings, and mojibake (UTF-8 bytes that were read as cp1252).

Rule: a repair replaces only sequences that are valid UTF-8 when read back; all other text stays as it is.
Chinese and Hangul are left alone: garbled, they look like an accented letter before quotes or dashes.
"""

import re
import unicodedata

_BYTE_OF = {chr(byte): byte for byte in range(0x80, 0x100)}
_BYTE_OF |= {
    bytes([byte]).decode("cp1252"): byte
    for byte in range(0x80, 0xA0)
    if byte not in (0x81, 0x8D, 0x8F, 0x90, 0x9D)
}


def _class(first: int, last: int) -> str:
    return "[" + "".join(re.escape(char) for char, byte in _BYTE_OF.items() if first <= byte <= last) + "]"


_TAIL = _class(0x80, 0xBF)
_SYMBOLS = f"(?:{_class(0xE0, 0xE3)}|{_class(0xEE, 0xEF)})"
_SEQUENCE = re.compile(f"{_class(0xC2, 0xDF)}{_TAIL}|{_SYMBOLS}{_TAIL}{{2}}|{_class(0xF0, 0xF4)}{_TAIL}{{3}}")
_DAMAGED = {
    "\u00e2\u0161 \u00ef\u00b8\u008f": "\u26a0\ufe0f",
    "\u00e2\u0161 \u00ef\u00b8": "\u26a0\ufe0f",
    "\u00ef\u00b8": "\ufe0f",
    "\u00e2\u009d\u0152": "\u274c",
    "\u00e2\u0152": "\u274c",
    "\u00e2\u20ac\ufffd": "\u201d",
}
"""What remains of common sequences after an editor dropped an unprintable byte or a no-break space."""


def normalise(text: str) -> str:
    """Newlines as ``\\n``, no byte-order mark: the form in which a plan is parsed and hashed."""
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def repair(text: str) -> str:
    """The text with mojibake made right again, also when it happened twice; sound text is unchanged."""
    for _ in range(3):
        repaired = _SEQUENCE.sub(_decoded, text)
        if repaired == text:
            break
        text = repaired
    for damaged, sound in _DAMAGED.items():
        text = text.replace(damaged, sound)
    return text


def _decoded(match: re.Match[str]) -> str:
    found = match.group()
    try:
        return bytes(_BYTE_OF[char] for char in found).decode("utf-8")
    except UnicodeDecodeError:
        return found


def slug(text: str, *, words: int = 6) -> str:
    """A name for ids made of the first words of a text: ``Step 2: Run it!`` -> ``step-2-run-it``."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    found = re.findall(r"[a-z0-9]+", plain.lower())
    return "-".join(found[:words]) or "item"
