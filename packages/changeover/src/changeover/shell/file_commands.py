"""Commands that write files: which file a ``cp``, a ``mv``, a ``>`` or a ``dd of=`` would put something into.

Rule: a database is not a file to its users. Written while it is open, it loses what is in its WAL, and every
row and every ledger entry since the copy.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from changeover.shell.database_commands import elsewhere, program, unwrapped
from changeover.shell.script import Command, Simple

_COPIES = {"cp", "mv", "install", "ln", "rsync", "scp", "ditto", "copy"}
_REMOVES = {"rm", "unlink", "shred", "truncate", "trash"}
_SUFFIX = re.compile(r"\.(?:db3?|sqlite3?|s3db|sdb)(?:-wal|-shm|-journal)?$", re.IGNORECASE)
_SIDE = re.compile(r"-(?:wal|shm|journal)$")


@dataclass(frozen=True, slots=True)
class FileUse:
    """``written`` are files that a command would change, make or remove; ``copied`` those that it reads."""

    written: tuple[str, ...] = ()
    copied: tuple[str, ...] = ()


def file_uses(command: Command) -> list[FileUse]:
    """What each program of a pipeline does with files, also where it is sent to another host."""
    found = []
    for part in command.parts:
        _, sent = elsewhere(part)
        found += [use for inner in sent for use in file_uses(inner)] or [_use(part)]
    return found


def _use(part: Simple) -> FileUse:
    words = unwrapped(part)
    name, rest = program(words), [word.text for word in words[1:]]
    named = [text for text in rest if not text.startswith("-")]
    redirected = [
        target.text for operator, target in part.redirects if operator in (">", ">>", ">|", "&>", "&>>")
    ]
    sources = [target.text for operator, target in part.redirects if operator == "<"]
    written, copied = [*redirected], [*sources]
    if name in _COPIES and len(named) > 1:
        written += [named[-1]]
        copied += named[:-1]
    elif name in _REMOVES or name == "tee":
        written += named
    elif name == "dd":
        written += [text[3:] for text in rest if text.startswith("of=")]
        copied += [text[3:] for text in rest if text.startswith("if=")]
    elif name in ("gunzip", "gzip", "unxz", "unzstd") and not {"-c", "--stdout", "-k"} & set(rest):
        written += [re.sub(r"\.(?:gz|xz|zst)$", "", text) for text in named]
    elif name in ("litestream", "curl", "wget", "sqlite3_rsync"):
        written += list(_after(rest, ("-o", "-O", "--output"))) + (
            named[-1:] if name == "sqlite3_rsync" else []
        )
    elif name == "cat":
        copied += named
    return FileUse(tuple(written), tuple(copied))


def _after(texts: list[str], options: Iterable[str]) -> Iterator[str]:
    for option, value in pairwise(texts):
        if option in options:
            yield value


def is_database_file(name: str, known: Iterable[str] = ()) -> bool:
    """Whether a name is that of a known database, of the files beside it, or looks like a database's."""
    name = name.rpartition(":")[2] if re.match(r"[\w.@-]+:[^/\\]*/?", name) and "://" not in name else name
    plain = _SIDE.sub("", name).rstrip("/").rsplit("/", 1)[-1].strip('"')
    own = {one.rsplit("/", 1)[-1] for one in known if one}
    return plain in own or _SUFFIX.search(name) is not None
