"""Reads what people write for a time zone: ``Australia/Melbourne`` or ``+10:00``.

Rule: a text that is not understood is refused, with the form to write and similar names; it is never guessed.
"""

import re
from datetime import UTC, datetime
from difflib import get_close_matches
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from liveone.domain.zones import Zone
from liveone.errors import BadInput, Sentence, sentence

OFFSET = re.compile(r"(?:UTC)?([+\u2212-])(\d{1,2})(?::?([0-5]\d))?")
OF_THE_MACHINE = frozenset(("localtime", "posixrules", "Factory"))
"""Names that mean something else on each machine, or nothing."""
MOST_NEAR = 3
NEAR = 0.8
WAYS = sentence("Write an IANA name such as Australia/Melbourne, or hours east of UTC such as +10:00.")


def read_zone(text: str, now_at: float) -> Zone:
    """The zone that ``text`` means. Raises BadInput with how to write it.

    Of a name ``offset_min`` is the standard time of the year around ``now_at``.
    """
    written = text.strip()
    match = OFFSET.fullmatch(written)
    if match:
        minutes = int(match[2]) * 60 + int(match[3] or 0)
        return Zone(minutes if match[1] == "+" else -minutes)
    if written not in names():
        raise BadInput(
            sentence("{written} is no time zone", written=repr(written[:60])),
            hint=_near(written),
        )
    return Zone(standard_offset_min(written, now_at), written)


@cache
def names() -> frozenset[str]:
    """Every IANA name that this machine knows."""
    return frozenset(available_timezones() - OF_THE_MACHINE)


def standard_offset_min(name: str, now_at: float) -> int:
    """Minutes east of UTC of a zone outside summer time, in the year of ``now_at``."""
    january = datetime(datetime.fromtimestamp(now_at, UTC).year, 1, 15, tzinfo=ZoneInfo(name))
    offsets = [january.replace(month=month).utcoffset() for month in (1, 7)]
    return min(int(offset.total_seconds()) // 60 for offset in offsets if offset is not None)


def _near(text: str) -> Sentence:
    wanted = text.casefold().replace(" ", "_")
    by_word: dict[str, list[str]] = {}
    for name in sorted(name for name in names() if "/" in name):
        for word in {name.casefold(), name.casefold().rsplit("/", 1)[-1]}:
            by_word.setdefault(word, []).append(name)
    words = get_close_matches(wanted, by_word, n=MOST_NEAR, cutoff=NEAR)
    found = list(dict.fromkeys(name for word in words for name in by_word[word]))[:MOST_NEAR]
    return sentence("Did you mean {names}? {ways}", names=", ".join(found), ways=WAYS) if found else WAYS
