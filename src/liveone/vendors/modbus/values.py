"""From words to values. Pure. Words that are missing, or no words, give None."""

import math
import struct
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Literal

Kind = Literal["u16", "s16", "u32", "s32", "u64", "s64", "f32"]
"""Unsigned and signed integers, and a float of IEEE 754."""

SIZE: Mapping[str, int] = MappingProxyType(
    {"u16": 1, "s16": 1, "u32": 2, "s32": 2, "f32": 2, "u64": 4, "s64": 4}
)
"""Words of each kind."""

_FORMAT = {"u16": ">H", "s16": ">h", "u32": ">I", "s32": ">i", "u64": ">Q", "s64": ">q", "f32": ">f"}


def value_of(words: Sequence[object], kind: Kind, *, low_first: bool = False) -> float | int | None:
    """The value in exactly as many words as its kind has; ``low_first``: the lowest word comes first."""
    if len(words) != SIZE[kind] or not are_words(words):
        return None
    ordered = words[::-1] if low_first else words
    data = b"".join(int(word).to_bytes(2, "big") for word in ordered)  # type: ignore[call-overload]
    found: float | int = struct.unpack(_FORMAT[kind], data)[0]
    return found if math.isfinite(found) else None


def text_of(words: Sequence[object]) -> str | None:
    """Letters, two in a word, up to the first zero; None where there are none."""
    if not are_words(words):
        return None
    data = b"".join(int(word).to_bytes(2, "big") for word in words)  # type: ignore[call-overload]
    found = data.partition(b"\0")[0].decode("latin-1").strip()
    return found if found and found.isprintable() else None


def are_words(words: Iterable[object]) -> bool:
    """Whether all of them are registers."""
    return all(type(word) is int and 0 <= word <= 0xFFFF for word in words)
