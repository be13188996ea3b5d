"""What a command does with files, by their names."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FileUse:
    """``written`` are files that a command would change or make, ``copied`` those that it reads.

    ``removed`` are those that it takes away. ``restored`` are folders that it fills from a backup, with what
    names are in that. ``reverted`` are folders in which git puts back what it tracks. ``states``: only files
    that are such to git are meant by it (tracked, untracked, ignored); empty: all of them.
    """

    written: tuple[str, ...] = ()
    copied: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    restored: tuple[str, ...] = ()
    reverted: tuple[str, ...] = ()
    states: frozenset[str] = frozenset()


def named_in(rest: Sequence[str]) -> list[str]:
    """The words that are no options."""
    return [text for text in rest if not text.startswith("-")]
