"""Try again, a bounded number of times, inside a deadline, with a growing pause that differs each time."""

from collections.abc import Callable
from typing import TypeVar

from tenacity import (
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    stop_before_delay,
    wait_exponential,
    wait_random_exponential,
)

from liveone.vendors.base import TemporaryFailure
from timed_http.deadline import Deadline

ATTEMPTS_MAX = 3
PAUSE_S = 0.5
"""The first pause is up to this long, each next one up to twice the one before."""

T = TypeVar("T")


def with_retries(attempt: Callable[[Deadline], T], *, timeout_s: float, pause: Callable[[float], None]) -> T:
    """The result of the first attempt that does not end in TemporaryFailure, else the last failure.

    All attempts and pauses together take at most ``timeout_s``, and one attempt at most half of it, so
    that a server that hangs once can still be asked a second time.
    """
    deadline = Deadline(timeout_s)
    again = Retrying(
        retry=retry_if_exception_type(TemporaryFailure),
        stop=stop_after_attempt(ATTEMPTS_MAX) | stop_before_delay(timeout_s),
        wait=wait_exponential(PAUSE_S / 2) + wait_random_exponential(PAUSE_S / 2),
        sleep=pause,
        reraise=True,
    )
    return again(lambda: attempt(deadline.within(timeout_s / 2)))
