"""Notifications: a command gets the event as JSON on stdin, a webhook by POST.

Rule: a notification holds nothing up and cannot fail a run. Each is tried twice, for ten seconds at most, in
a thread; the journal notes what could not be delivered.
"""

import json
import os
import subprocess
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait

import httpx2

from changeover.plan.model import Event, Hook, HookKind
from changeover.plan.params import BoundParameters
from timed_http.certificates import trusted

TRIES = 2
WAIT_S = 10.0


class Notifier:
    """Sends events to the plan's hooks; ``failed`` is called with a sentence for each failed delivery."""

    def __init__(
        self, hooks: tuple[Hook, ...], values: BoundParameters, failed: Callable[[str], None]
    ) -> None:
        self.hooks, self.values, self.failed = hooks, values, failed
        self._pool = ThreadPoolExecutor(2, "notify")
        self._sent: list[tuple[Hook, Future[str]]] = []

    def tell(self, event: Event, facts: Mapping[str, object]) -> None:
        """Send an event to every hook that asks for it."""
        document = self.values.redactor.hide_all({"event": event.value, **facts})
        body = json.dumps(document, ensure_ascii=False, default=str).encode()
        for hook in self.hooks:
            if event in hook.events:
                self._sent.append((hook, self._pool.submit(self._deliver, hook, body)))

    def close(self) -> None:
        """Wait for deliveries, for a bounded time."""
        wait([future for _, future in self._sent], TRIES * WAIT_S + 1)
        for hook, future in self._sent:
            problem = future.result() if future.done() else "it did not end in time"
            if problem:
                self.failed(f"{hook.position}: the {hook.kind} could not be told: {problem}")
        self._sent.clear()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _deliver(self, hook: Hook, body: bytes) -> str:
        """Deliver once; gives the reason if that failed, else an empty text."""
        send = self._command if hook.kind is HookKind.COMMAND else self._webhook
        problem = ""
        for _ in range(TRIES):
            problem = send(hook, body)
            if not problem:
                return ""
        return self.values.redactor.hide(problem)

    def _command(self, hook: Hook, body: bytes) -> str:
        environment = {**os.environ, **self.values.environment()}
        try:
            done = subprocess.run(
                ["bash", "-c", hook.target],
                input=body,
                env=environment,
                timeout=WAIT_S,
                capture_output=True,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return str(error)
        if done.returncode == 0:
            return ""
        return f"it ended with {done.returncode}: {done.stderr.decode('utf-8', 'replace')[-300:]}"

    def _webhook(self, hook: Hook, body: bytes) -> str:
        url = self.values.expand_url(hook.target)
        headers = {"Content-Type": "application/json"}
        try:
            with httpx2.Client(trust_env=False, timeout=WAIT_S, verify=trusted()) as client:
                status = client.post(url, content=body, headers=headers).status_code
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
            return str(error) or type(error).__name__
        return "" if status < 400 else f"it answered {status}"
