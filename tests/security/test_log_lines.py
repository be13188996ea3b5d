"""Text from elsewhere in the log: it begins no line, and a terminal that shows it obeys nothing."""

import logging

from liveone.wiring.log_lines import PlainFormatter

HOSTILE = "x\n2026-12-01 WARNING owner signed in\x1b[2J\x9b31m\u202e"


def test_a_line_of_the_log_is_one_line_and_steers_nothing() -> None:
    try:
        raise ValueError(HOSTILE)
    except ValueError as error:
        told = (type(error), error, error.__traceback__)
    record = logging.LogRecord("liveone.web", logging.WARNING, __file__, 1, "from %s", (HOSTILE,), told)
    first, *below = PlainFormatter("%(levelname)s %(message)s").format(record).split("\n")
    assert first.startswith("WARNING from x\\n2026-12-01 WARNING owner")
    assert below
    assert all(line.startswith("  ") for line in below)
    assert all(line.isprintable() for line in (first, *below))
