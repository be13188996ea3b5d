"""A log that one cause cannot fill: what is said again and again is said a few times a minute."""

import logging
import time
from dataclasses import dataclass

EACH_MINUTE = 20
KINDS_MAX = 1000


@dataclass(slots=True)
class _Said:
    began_s: float
    times: int = 0


class LogLimit(logging.Filter):
    """Lets each kind of record (logger and text before its values are put in) pass ``each_minute`` times.

    The first one of the next minute says how many were left out.
    """

    def __init__(self, each_minute: int = EACH_MINUTE) -> None:
        super().__init__()
        self._most = each_minute
        self._said: dict[tuple[str, str], _Said] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        kind = record.name, str(record.msg)[:80]
        now_s = time.monotonic()
        said = self._said.get(kind)
        if said is None or now_s - said.began_s >= 60.0:
            left_out = said.times - self._most if said else 0
            self._remember(kind, _Said(now_s))
            if left_out > 0:
                record.msg, record.args = (
                    f"{record.getMessage()} ({left_out} more like it were not logged)",
                    (),
                )
        self._said[kind].times += 1
        return self._said[kind].times <= self._most

    def _remember(self, kind: tuple[str, str], said: _Said) -> None:
        self._said.pop(kind, None)
        self._said[kind] = said
        if len(self._said) > KINDS_MAX:
            del self._said[next(iter(self._said))]
