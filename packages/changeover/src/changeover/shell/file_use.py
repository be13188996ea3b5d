"""What a command does with files, by their names."""

import re
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


def option_letters(rest: Sequence[str]) -> str:
    """The letters of all short options in their order: ``-rf -v`` gives ``rfv``; none of ``-m5``."""
    return "".join(text[1:] for text in rest if re.fullmatch(r"-[A-Za-z]+", text))


def packed(names: Sequence[str], *, moves: bool) -> FileUse:
    """Files that go into an archive: read, or, where it ``moves`` them, gone afterwards."""
    return FileUse(removed=tuple(names)) if moves else FileUse(copied=tuple(names))
