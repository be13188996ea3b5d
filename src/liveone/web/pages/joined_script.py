"""All modules of a page as one file, made when the server starts: forty requests cost a quarter of a second.

Rule: every module keeps a scope of its own and, but for its comments, stays as it was written; only
``import { a } from "./b.js"`` and ``export`` become assignments. Said in another way they are an error
at the start.
"""

import re
from collections.abc import Mapping
from pathlib import PurePosixPath

IMPORT = re.compile(r'^import \{([^}]*)\} from "(\.{1,2}/[^"]+)";$', re.MULTILINE)
EXPORT = re.compile(r"^export ((?:async )?(?:function|const|class) (\w+))", re.MULTILINE)
EXPORT_LIST = re.compile(r"^export \{([^}]*)\};$", re.MULTILINE)
TEXT_OR_COMMENT = re.compile(
    r"""(?<!\\)(?P<text>"(?:\\.|[^"\\\n])*+"|'(?:\\.|[^'\\\n])*+'|`(?:\\.|[^`\\])*+`)"""
    r"|^[ \t]*//[^\n]*\n|/\*\*.*?(?:\*/[ \t]*|\Z)",
    re.MULTILINE | re.DOTALL,
)
"""Texts are matched too, so that what looks like a comment inside of one is left where it is."""
LEFT_OVER = re.compile(r"^(?:import|export)\b.*|\bimport\(.*", re.MULTILINE)


class CannotJoin(ValueError):
    """A module is written in a way that is not known here, or modules import one another in a circle."""


def joined(sources: Mapping[str, str], entry: str) -> str:
    """The module ``entry`` with all that it imports, each module before those that need it."""
    order = modules(sources, entry)
    return "\n".join(_scoped(path, sources[path], order) for path in order)


def modules(sources: Mapping[str, str], entry: str) -> list[str]:
    """The paths of ``entry`` and of every module it needs, the needed ones first."""
    found: list[str] = []

    def visit(path: str, above: tuple[str, ...]) -> None:
        if path in above:
            raise CannotJoin(
                f"{path} imports itself by way of {' and '.join(above[above.index(path) + 1 :])}"
            )
        for match in IMPORT.finditer(sources[path]):
            visit(_path(path, match[2]), (*above, path))
        if path not in found:
            found.append(path)

    visit(entry, ())
    return found


def _scoped(path: str, source: str, order: list[str]) -> str:
    names = [match[2] for match in EXPORT.finditer(source)]
    for match in EXPORT_LIST.finditer(source):
        names += [name.strip() for name in match[1].split(",") if name.strip()]

    def taken(match: re.Match[str]) -> str:
        return f"const {{{match[1].replace(' as ', ': ')}}} = m{order.index(_path(path, match[2]))};"

    body = EXPORT_LIST.sub("", EXPORT.sub(r"\1", IMPORT.sub(taken, _without_comments(source))))
    if strange := LEFT_OVER.search(body):
        raise CannotJoin(f"{path} cannot be joined with others because of: {strange[0]}")
    return f"const m{order.index(path)} = (() => {{\n{body}\nreturn {{ {', '.join(names)} }};\n}})();"


def _without_comments(source: str) -> str:
    return TEXT_OR_COMMENT.sub(lambda match: match["text"] or "", source)


def _path(here: str, there: str) -> str:
    """``there`` as ``here`` means it, as a path below the folder of all files."""
    parts: list[str] = []
    for part in (PurePosixPath(here).parent / there).parts:
        if part == "..":
            parts.pop()
        else:
            parts.append(part)
    return "/".join(parts)
