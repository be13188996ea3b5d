"""The two sets of rules for answering a history, and all their differences.

Clients of the original service ask ``/api/history`` and get what it gave them: ``ORIGINAL``. Our own pages
ask ``/api/v2/history``: ``V2``. All other answers have one form. ``docs/api.md`` has the table, and
``tests/web/test_old_contract.py`` tests it.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rules:
    """The differences; a field is True where the original service did so."""

    companion_series: bool
    """``battery`` brings its state of charge along, and days bring mean powers as well as energies. Otherwise
    a field is one series, and at 1d the name of a power means the day's net energy."""

    ignores_unknown_fields: bool
    """Otherwise they are 400."""

    zoneless_is_utc: bool
    """A time without an offset is UTC; otherwise the system's own."""

    end_date_included: bool
    """An end that is a date means the end of that day; otherwise its beginning. (Days include it always.)"""

    days_end_yesterday: bool
    """``last=7d`` at 1d ends with yesterday and takes no hours or minutes; otherwise it ends with today."""

    ends_with_running_interval: bool
    """``last`` at 5m and 30m ends at the next boundary; otherwise with the newest complete interval."""

    nothing_is_no_series: bool
    """Without any value in the range ``data`` is empty; otherwise every series comes, full of nulls."""


ORIGINAL = Rules(*[True] * 7)
V2 = Rules(*[False] * 7)
