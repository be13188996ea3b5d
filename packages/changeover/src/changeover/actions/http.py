"""HTTP checks: what an application answers, held against the plan, in three outcomes.

Rule: refused, timed out, broken off and 5xx are INCONCLUSIVE, because nothing was learned; any other answer
that is not the right one is UNHEALTHY. The time for one request is bounded as a whole, an answer in drips
included, and so is the size of an answer. Redirects are not followed: they are an answer.
"""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx2

from changeover.actions.checks import require_expected, shown
from changeover.actions.context import ActionContext, ActionDeadline, ActionResult
from changeover.actions.repeat import repeated
from changeover.errors import CheckFailed, Inconclusive
from changeover.plan.assertions import failures
from changeover.plan.model import CheckOutcome, HttpAction, Request, WhenInconclusive
from changeover.plan.params import BoundParameters
from timed_http.certificates import trusted

REQUEST_S = 10.0
ANSWER_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class CheckedResponse:
    """What came of one request: the outcome, a sentence where it is not healthy, status, body, seconds."""

    outcome: CheckOutcome
    reason: str
    status: int | None
    body: str
    seconds: float


def check(action: HttpAction, context: ActionContext, deadline: ActionDeadline) -> ActionResult:
    """All requests in order.

    Raises CheckFailed when unhealthy, Inconclusive when nothing could be learned.
    """
    try:
        return repeated(action.retry, context, deadline, lambda: _once(action, context, deadline))
    except Inconclusive as error:
        return _inconclusive(action, context, error)


def _once(action: HttpAction, context: ActionContext, deadline: ActionDeadline) -> ActionResult:
    answers = []
    with client() as session:
        for request in action.requests:
            seconds = deadline.within(action.timeout_s or REQUEST_S)
            answer = ask(session, request, context.values, timeout_s=seconds)
            answers.append(answer)
            if answer.outcome is not CheckOutcome.HEALTHY:
                raise _failure(action, request, answer, context)
    if answers:
        require_expected(action, answers[-1].body, context)
    seen = [{"status": one.status, "seconds": round(one.seconds, 4)} for one in answers]
    words = ", ".join(f"{one.status} in {one.seconds * 1000:.0f} ms" for one in answers)
    return ActionResult(words, {"answers": seen, "outcome": CheckOutcome.HEALTHY.value})


@contextmanager
def client() -> Iterator[httpx2.Client]:
    """A client that keeps its connections and takes no proxy from the environment for an application."""
    with httpx2.Client(trust_env=False, follow_redirects=False, verify=trusted()) as session:
        yield session


def ask(
    session: httpx2.Client, request: Request, values: BoundParameters, *, timeout_s: float
) -> CheckedResponse:
    """One request and what its answer means; never raises for what the application does."""
    started = time.monotonic()
    try:
        status, body = _exchange(session, request, values, max(timeout_s, 0.001))
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
        reason = f"no answer: {_reason(error)}"
        return CheckedResponse(CheckOutcome.INCONCLUSIVE, reason, None, "", time.monotonic() - started)
    outcome, reason = judge(request, values, status, body)
    return CheckedResponse(outcome, reason, status, body, time.monotonic() - started)


def judge(request: Request, values: BoundParameters, status: int, body: str) -> tuple[CheckOutcome, str]:
    """What an answer means, and why it is not healthy."""
    wanted = 200 if request.status is None else request.status
    if status != wanted:
        outcome = CheckOutcome.INCONCLUSIVE if status >= 500 else CheckOutcome.UNHEALTHY
        return outcome, f"expected status {wanted}, found {status}: {body[:200]!r}"
    if not request.assertions:
        return CheckOutcome.HEALTHY, ""
    try:
        document = json.loads(body)
    except ValueError:
        return CheckOutcome.UNHEALTHY, f"expected JSON, found {body[:200]!r}"
    problems = failures(document, request.assertions, values.expand)
    return (CheckOutcome.UNHEALTHY, "; ".join(problems)) if problems else (CheckOutcome.HEALTHY, "")


def _exchange(
    session: httpx2.Client, request: Request, values: BoundParameters, timeout_s: float
) -> tuple[int, str]:
    ends_s = time.monotonic() + timeout_s
    headers = {header.name: values.expand_header(header.value) for header in request.headers}
    body = values.expand_body(request.body).encode() if request.body is not None else None
    url = values.expand_url(request.url)
    with session.stream(
        request.method, url, headers=headers, content=body, timeout=httpx2.Timeout(timeout_s)
    ) as answer:
        found = bytearray()
        for piece in answer.iter_bytes():
            found += piece
            if time.monotonic() > ends_s:
                raise httpx2.ReadTimeout(f"the answer was not complete after {timeout_s:g} s")
            if len(found) > ANSWER_BYTES:
                raise httpx2.ReadError(f"the answer is longer than {ANSWER_BYTES:,} bytes")
        return answer.status_code, found.decode("utf-8", "replace")


def _reason(error: Exception) -> str:
    if isinstance(error, httpx2.ConnectError):
        return f"connection refused or host unknown ({error})"
    if isinstance(error, httpx2.TimeoutException):
        return str(error) or "timed out"
    return str(error) or type(error).__name__


def _failure(
    action: HttpAction, request: Request, answer: CheckedResponse, context: ActionContext
) -> CheckFailed | Inconclusive:
    message = f"{action.label}: {request.method} {request.url}: {shown(answer.reason, context)}"
    if answer.outcome is CheckOutcome.INCONCLUSIVE:
        return Inconclusive(
            message,
            hint="Nothing is known of the application. Is it running, and reachable from here?",
            position=action.position,
        )
    return CheckFailed(
        message, hint="The application answers, but not what the plan expects.", position=action.position
    )


def _inconclusive(action: HttpAction, context: ActionContext, error: Inconclusive) -> ActionResult:
    """What the plan says to do when nothing could be learned: fail, ask a person, or go on."""
    if action.when_inconclusive is WhenInconclusive.CONTINUE:
        return ActionResult(error.message, {"outcome": CheckOutcome.INCONCLUSIVE.value})
    if action.when_inconclusive is WhenInconclusive.ASK:
        answer = context.ask(action.id, f"{error.message}\nGo on all the same?")
        if answer:
            return ActionResult(
                error.message, {"outcome": CheckOutcome.INCONCLUSIVE.value, "judged_by": context.who}
            )
    raise error
