"""The probe: requests the application many times a second during a run, to measure what users notice.

Rule: requests leave at a fixed rate whether or not earlier ones were answered (`IN_FLIGHT` at a time at
most), so that a hanging application is seen as many slow requests and not as one. Every failed or slow
request is counted, and the first `KEPT` are kept. Memory is bounded.
"""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import httpx2

from changeover.actions import http
from changeover.plan.model import CheckOutcome, Probe, Request
from changeover.plan.params import BoundParameters
from timed_http.certificates import trusted

IN_FLIGHT = 16
KEPT = 500
BUCKETS = 600


@dataclass(frozen=True, slots=True)
class Trouble:
    """A request that failed or was slow. ``at`` is UTC epoch seconds; ``reason`` is empty for a slow one."""

    at: float
    seconds: float
    status: int | None
    reason: str


@dataclass(slots=True)
class ProbeStats:
    """What the probe measured.

    ``buckets`` holds (requests, failures, longest answer in seconds) for each ``bucket_s`` seconds since
    ``started_at``; if there are too many buckets, their length is doubled.
    """

    started_at: float
    requests: int = 0
    failed: int = 0
    slow: int = 0
    skipped: int = 0
    longest_s: float = 0.0
    total_s: float = 0.0
    troubles: list[Trouble] = field(default_factory=list)
    bucket_s: float = 0.1
    buckets: dict[int, tuple[int, int, float]] = field(default_factory=dict)
    longest_outage_s: float = 0.0
    _down_since: float | None = None

    @property
    def availability_pct(self) -> float:
        """Requests that were answered well, in per cent; 100 if there was none."""
        return 100.0 * (1 - self.failed / self.requests) if self.requests else 100.0

    def as_data(self) -> dict[str, object]:
        """The data for the journal."""
        return {
            "started_at": round(self.started_at, 3),
            "requests": self.requests,
            "failed": self.failed,
            "slow": self.slow,
            "skipped": self.skipped,
            "availability_pct": round(self.availability_pct, 4),
            "mean_s": round(self.total_s / self.requests, 5) if self.requests else None,
            "longest_s": round(self.longest_s, 4),
            "longest_outage_s": round(self.longest_outage_s, 3),
            "troubles": [
                {"at": round(t.at, 3), "s": round(t.seconds, 4), "status": t.status, "reason": t.reason}
                for t in self.troubles
            ],
            "bucket_s": self.bucket_s,
            "buckets": [
                [number, asked, failed, round(longest_s * 1000, 1)]
                for number, (asked, failed, longest_s) in sorted(self.buckets.items())
            ],
        }

    def put(self, after_s: float, failed: bool, seconds: float) -> None:
        """Count one request that left ``after_s`` after the start."""
        _merge(self.buckets, int(after_s / self.bucket_s), (1, int(failed), seconds))
        if len(self.buckets) > BUCKETS:
            fewer: dict[int, tuple[int, int, float]] = {}
            for number, one in self.buckets.items():
                _merge(fewer, number // 2, one)
            self.buckets, self.bucket_s = fewer, self.bucket_s * 2


def _merge(buckets: dict[int, tuple[int, int, float]], number: int, one: tuple[int, int, float]) -> None:
    asked, failed, longest_s = buckets.get(number, (0, 0, 0.0))
    buckets[number] = (asked + one[0], failed + one[1], max(longest_s, one[2]))


class Prober:
    """A probe that works inside a ``with`` block.

    ``alarm`` is called once, if too many requests failed.
    """

    def __init__(self, probe: Probe, values: BoundParameters, *, alarm: Callable[[str], None]) -> None:
        self.probe, self.values, self.alarm = probe, values, alarm
        self.stats = ProbeStats(time.time())
        self._request = Request("GET", probe.url, probe.headers)
        self._lock = threading.Lock()
        self._done = threading.Event()
        self._free = threading.Semaphore(IN_FLIGHT)
        self._thread = threading.Thread(target=self._beat, name="probe", daemon=True)
        self._alarmed = False

    def __enter__(self) -> "Prober":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _beat(self) -> None:
        limits = httpx2.Limits(max_connections=IN_FLIGHT, max_keepalive_connections=IN_FLIGHT)
        with (
            # No proxy of the environment stands between: it is the application that is measured.
            httpx2.Client(trust_env=False, limits=limits, verify=trusted()) as session,
            ThreadPoolExecutor(IN_FLIGHT, "probe") as pool,
        ):
            next_s = time.monotonic()
            while not self._done.is_set():
                if self._free.acquire(blocking=False):
                    pool.submit(self._ask, session)
                else:
                    self.stats.skipped += 1
                # Beats that a slow machine missed are not caught up: a
                # burst of requests would be a load of our own making.
                next_s = max(next_s + self.probe.every_s, time.monotonic())
                self._done.wait(next_s - time.monotonic())

    def _ask(self, session: httpx2.Client) -> None:
        sent_at = time.time()
        try:
            answer = http.ask(session, self._request, self.values, timeout_s=self.probe.timeout_s)
        finally:
            self._free.release()
        with self._lock:
            self._count(sent_at, answer)

    def _count(self, sent_at: float, answer: http.CheckedResponse) -> None:
        stats = self.stats
        failed = answer.outcome is not CheckOutcome.HEALTHY
        slow = answer.seconds > self.probe.slow_s
        stats.requests += 1
        stats.failed += failed
        stats.slow += slow
        stats.total_s += answer.seconds
        stats.longest_s = max(stats.longest_s, answer.seconds)
        stats.put(max(sent_at - stats.started_at, 0.0), failed, answer.seconds)
        if (failed or slow) and len(stats.troubles) < KEPT:
            reason = self.values.redactor.hide(answer.reason)[:200]
            stats.troubles.append(Trouble(sent_at, answer.seconds, answer.status, reason))
        self._outage(sent_at, failed)
        allowed = self.probe.failures_allowed
        if allowed is not None and stats.failed > allowed and not self._alarmed:
            self._alarmed = True
            self.alarm(f"the probe saw {stats.failed} failed requests and {allowed} are allowed")

    def _outage(self, sent_at: float, failed: bool) -> None:
        stats = self.stats
        if failed:
            stats._down_since = sent_at if stats._down_since is None else stats._down_since
            stats.longest_outage_s = max(stats.longest_outage_s, sent_at - stats._down_since)
        elif stats._down_since is not None:
            stats.longest_outage_s = max(stats.longest_outage_s, sent_at - stats._down_since)
            stats._down_since = None
