"""Looks beside a plan: at the scripts that its commands run, and at the state of its database's file in git.

Rule: only git commands that change nothing are run; what cannot be read is left out, and not guessed.
"""

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from changeover.shell.file_commands import is_database_file
from changeover.shell.script import ShellCommand
from changeover.shell.wrappers import program, programs_of, unwrapped

_SHELLS = ("sh", "bash", "dash", "ash", "zsh", "ksh", "source", ".")
_LARGEST_BYTES = 1_000_000
GIT_S = 5.0


def scripts_run(command: ShellCommand, folder: Path) -> Iterator[Path]:
    """The files of shell scripts that a command runs: ``bash x.sh``, ``./x.sh``, ``. x.sh``."""
    for part in programs_of(command):
        words = [word.text for word in unwrapped(part)]
        if words and program(unwrapped(part)) in _SHELLS:
            words = [text for text in words[1:] if not text.startswith("-")]
        elif words and "/" not in words[0]:
            continue
        with suppress(OSError):
            path = (folder / words[0]).resolve() if words else folder
            if path.is_file() and path.stat().st_size <= _LARGEST_BYTES and _is_shell(path):
                yield path


def _is_shell(path: Path) -> bool:
    with path.open("rb") as file:
        first = file.readline(200)
    return first.rstrip().endswith(b"sh") if first.startswith(b"#!") else path.suffix in (".sh", ".bash")


def git_states(folder: Path, names: Sequence[str]) -> frozenset[str] | None:
    """The states that database files may have in the folder's git: ``tracked``, ``untracked``, ``ignored``.

    None if there is no git repository; empty if all files lie outside it. Without a name that is known
    (``$DB`` is not), the database may be any file.
    """
    top, listed = (
        _git(folder, "rev-parse", "--show-toplevel"),
        _git(folder, "ls-files", "-z", "--full-name", ":/"),
    )
    if top is None or listed is None:
        return None
    tree = Path(top.rstrip("\n"))
    tracked = {tree / name for name in listed.split("\0")}
    files = [(folder / name).resolve() for name in names if "$" not in name]
    if not files:
        is_there = any(is_database_file(path.name) for path in tracked)
        return frozenset({"untracked", "ignored", *(["tracked"] if is_there else [])})
    inside = [path for path in files if path.is_relative_to(tree)]
    return frozenset("tracked" if path in tracked else _not_tracked(folder, path) for path in inside)


def _not_tracked(folder: Path, path: Path) -> str:
    return "untracked" if _git(folder, "check-ignore", "--quiet", "--", str(path)) is None else "ignored"


def _git(folder: Path, *words: str) -> str | None:
    """What git prints; None if it fails or is not installed."""
    try:
        done = subprocess.run(
            ["git", "-C", folder, *words], capture_output=True, text=True, timeout=GIT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None
