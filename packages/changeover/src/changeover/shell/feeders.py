"""Programs that run another one with words that they read or find: ``xargs``, ``parallel``, ``find -exec``.

Rule: which words those are is not known, so what a database is told by them is never read. Of files the
names or patterns by which they are found stand for them: ``find . -name '*.db'``, ``ls *.db | xargs``.
"""

from collections.abc import Sequence
from itertools import pairwise, takewhile

from changeover.shell.script import Simple, Word
from changeover.shell.wrappers import behind_options, program, unwrapped

_VALUED = {"xargs": "adEILnPs", "parallel": "aILNjnX"}
_ENDS = (";", "+")
_RUNS = ("-exec", "-execdir", "-ok", "-okdir")


def fed(simple: Simple) -> Simple | None:
    """The program that a feeder runs, with the words that are known; None where there is no feeder."""
    words = unwrapped(simple)
    name = program(words)
    if name in _VALUED:
        rest: Sequence[Word] = behind_options(words[1:], _VALUED[name])
    elif name == "find":
        places = [place for place, word in enumerate(words) if word.text in _RUNS]
        behind = words[places[0] + 1 :] if places else []
        rest = list(takewhile(lambda word: word.text not in _ENDS, behind))
    else:
        return None
    return Simple(list(rest)) if rest else None


def fed_with_names(simple: Simple, producer: Simple | None) -> Simple | None:
    """The program that a feeder runs, with the names that it finds, or that another program prints."""
    inner = fed(simple)
    source = simple if program(unwrapped(simple)) == "find" else producer
    if inner is None or source is None:
        return inner
    names = found_names(source)
    if any("{}" in word.text for word in inner.words):
        return Simple([Word(word.text.replace("{}", name)) for word in inner.words for name in names or [""]])
    return Simple([*inner.words, *map(Word, names)])


def found_names(simple: Simple) -> list[str]:
    """The names that a program finds or prints: of ``find`` the patterns, or without any its folders."""
    words = unwrapped(simple)
    texts, name = [word.text for word in words[1:]], program(words)
    if name in ("ls", "echo", "printf"):
        shown = [text for text in texts if not text.startswith("-")]
        return [one for text in shown for one in text.replace("\\n", " ").split()]
    if name != "find":
        return []
    patterns = [two for one, two in pairwise(texts) if one in ("-name", "-iname", "-path", "-wholename")]
    return patterns or list(takewhile(lambda text: not text.startswith(("-", "(", "!")), texts)) or ["."]
