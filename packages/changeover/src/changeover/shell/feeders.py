"""Programs that run another one with words that they read or find: ``xargs``, ``parallel``, ``find -exec``.

Rule: which words those are is not known, so what the other program is told by them is never read.
"""

from collections.abc import Sequence
from itertools import takewhile

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
