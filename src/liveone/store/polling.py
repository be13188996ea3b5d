"""The state of polling of each system, kept true in ``polling_status``.

Old databases hold duplicate rows for a system: the one with the smallest id is the status.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from liveone.store.database import Row
from liveone.store.store import Query, Store

ERROR_CHARACTERS = 1000


@dataclass(frozen=True, slots=True)
class PollingStatus:
    """How polling of a system has gone; times are UTC epoch seconds, None when it never happened."""

    system_id: int
    last_poll_time: int | None
    last_success_time: int | None
    last_error_time: int | None
    last_error: str | None
    consecutive_errors: int
    total_polls: int
    successful_polls: int
    is_active: bool


@dataclass(frozen=True, slots=True)
class FailedPoll:
    """A poll of a system that failed at ``at`` (UTC epoch seconds); ``error`` is for people."""

    system_id: int
    at: float
    error: str


def failed_together(store: Store, polls: Sequence[FailedPoll]) -> None:
    """Note polls that failed, in one transaction; of each system the last error, cut to 1000 characters."""
    times = Counter(poll.system_id for poll in polls)
    last = {poll.system_id: poll for poll in polls}
    rows = [(key, int(poll.at), times[key], poll.error[:ERROR_CHARACTERS]) for key, poll in last.items()]
    store.write([Query("polling_failed", (json.dumps(rows),))])


def statuses(store: Store) -> dict[int, PollingStatus]:
    """The status of every system that was ever polled or switched off, by system id."""
    found = map(status_of_row, store.read("polling_statuses"))
    return {status.system_id: status for status in found}


def status_of_row(row: Row) -> PollingStatus:
    """The status that a row of ``polling_status`` or ``polling_statuses`` holds."""
    return PollingStatus(*(*row[:-1], bool(row[-1])))  # type: ignore[arg-type]


def memory_of(store: Store) -> dict[int, Mapping[str, Any]]:
    """What vendors asked to remember, by system id; answers stored by other programs give nothing."""
    found = {int(system_id): _memory(str(text)) for system_id, text in store.read("polling_responses")}  # type: ignore[arg-type]
    return {system_id: memory for system_id, memory in found.items() if memory}


def response_text(raw: bytes | str | None, memory: Mapping[str, Any]) -> str:
    """What goes into ``last_response``: the raw answer and the vendor's memory as one JSON object."""
    text = raw.decode(errors="replace") if isinstance(raw, bytes) else raw
    return f'{{"raw":{_as_json(text)},"memory":{json.dumps(dict(memory))}}}'


def _as_json(text: str | None) -> str:
    if text is None:
        return "null"
    try:
        json.loads(text)
    except ValueError:
        return json.dumps(text)
    return text


def _memory(text: str) -> Mapping[str, Any]:
    try:
        memory = json.loads(text)["memory"]
    except (ValueError, KeyError, TypeError):
        return {}
    return memory if isinstance(memory, dict) else {}
