"""What git does with files of its working tree: it puts back those that it tracks, and cleans others away.

Rule: a file is tracked, untracked or ignored, and each of git's commands means some of these only.
"""

from collections.abc import Sequence

from changeover.shell.file_use import FileUse, named_in, option_letters

_TRACKED = frozenset({"tracked"})


def git_use(rest: Sequence[str]) -> FileUse:
    """``git checkout REF -- app.db``, ``git restore .``, ``git clean -fdx``; a branch is no database."""
    named = named_in(rest)
    letters = option_letters(rest)
    match named[:1]:
        case ["clean"] if "n" not in letters and "--dry-run" not in rest:
            states = {"untracked", "ignored"} if "x" in letters else {"untracked"}
            states = {"ignored"} if "X" in letters else states
            return FileUse(removed=tuple(named[1:]) or (".",), states=frozenset(states))
        case ["stash"] if "u" in letters or "a" in letters or {"--include-untracked", "--all"} & set(rest):
            return FileUse(removed=(".",))
        case ["stash"] if named[1:2] in ([], ["push"], ["save"]):
            return FileUse(reverted=(".",), states=_TRACKED)
        case ["checkout" | "restore"]:
            folders = tuple(text for text in named[1:] if text == "." or text.endswith("/"))
            whole = (".",) if "f" in letters or "--force" in rest else ()
            return FileUse(tuple(named[1:]), restored=folders, reverted=whole, states=_TRACKED)
        case ["switch"] if "f" in letters or {"--force", "--discard-changes"} & set(rest):
            return FileUse(reverted=(".",), states=_TRACKED)
        case ["reset"] if "--hard" in rest:
            return FileUse(reverted=(".",), states=_TRACKED)
    return FileUse()
