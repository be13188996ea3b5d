"""What a heading of a runbook means: its phase, and the limit in time that it names.

Rule: words only; a heading that says nothing is decided by what stands under it.
"""

import re

from changeover.plan.model import Phase

_WORDS = (
    (Phase.ROLLBACK, r"roll(?:ing)?[ -]?back|back[ -]?out|reverting|abort|undo"
                     r"|if (?:something|anything|it) (?:goes|fails)"),
    (Phase.PREFLIGHT, r"pre[- ]?(?:flight|migration|deploy\w*|requisites?|check\w*|conditions?|cutover)\b"
                      r"|^before\b|prerequisites?|preparation|prepare\b|readiness"),
    (Phase.AFTER, r"post[- ]?(?:migration|deploy\w*|cutover|check\w*)|^after\b|afterwards|follow[- ]?up"
                  r"|clean[- ]?up|next day|monitoring"),
    (Phase.EXECUTE, r"execut\w*|procedure|migration steps?|^steps?\b|\bstep \d|deploy\w*|cut[- ]?over"
                    r"|migrat(?:e|ion)$|verif\w*|smoke|run (?:the )?migration|go live|runbook steps"),
)  # fmt: skip
_PROSE = re.compile(
    r"timeline|schedule|overview|background|summary|contact|notes?$|communicat|risk|context|reference|decision|appendix",
    re.IGNORECASE,
)
_VERIFY = re.compile(r"verif|success criteria|checks?$", re.IGNORECASE)
_UNITS_S = {"s": 1, "m": 60, "h": 3600}
_TIME = re.compile(
    r"(?P<first>\d{1,9}(?:\.\d{1,9})?)(?:\s{0,9}(?:-|\u2013|to)\s{0,9}(?P<last>\d{1,9}(?:\.\d{1,9})?))?\s{0,9}"
    r"(?P<unit>seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h)\b",
    re.IGNORECASE,
)


def phase_of(heading: str) -> Phase | None:
    """The phase that a heading names, or None."""
    if _PROSE.search(heading):
        return None
    return next((phase for phase, words in _WORDS if re.search(words, heading, re.IGNORECASE)), None)


def is_verification(heading: str) -> bool:
    """Whether a heading names a list of what must be true afterwards."""
    return _VERIFY.search(heading) is not None


def limit_s(text: str) -> float | None:
    """The longest time in parentheses of a heading: ``(30 seconds)``, ``(< 1 minute)``, ``(1-2 min)``."""
    found = [
        _seconds(match) for inside in re.findall(r"\(([^()]*)\)", text) for match in _TIME.finditer(inside)
    ]
    return max(found) if found else None


def stated_s(text: str, about: str) -> float | None:
    """A time in the sentence that speaks ``about`` something: ``Expected downtime: 5 minutes``."""
    for sentence in re.split(r"\n\s*\n|(?<=[.;])\s|\n", text):
        found = re.search(about, sentence, re.IGNORECASE)
        times = [_seconds(match) for match in _TIME.finditer(sentence)] if found else []
        if times:
            return max(times)
    return None


def _seconds(match: re.Match[str]) -> float:
    return float(match["last"] or match["first"]) * _UNITS_S[match["unit"][0].lower()]
