"""What a line of the log may hold: text from elsewhere begins no line of its own, and steers no terminal."""

import logging

from liveone.errors import on_one_line


class PlainFormatter(logging.Formatter):
    """A record on one line, control characters written out; a traceback below it, set in by two blanks."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        return on_one_line(super().formatMessage(record))

    def formatException(self, ei: "logging._SysExcInfoType") -> str:  # noqa: N802
        return "\n".join(f"  {on_one_line(line)}" for line in super().formatException(ei).split("\n"))
