"""Resolves in-doubt changes: a change is sent until it is known that it was committed, or that it was not.

Rule: a change is sent again only when it is certain that it was not done. After a lost answer the lease's
token is made one higher: from then on nothing that was sent under the old one can be done, and the ledger,
asked after that, says what was. Every wait is bounded.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from uuid import uuid4

from changeover.database import lease, ledger
from changeover.database.change.model import Context
from changeover.database.server.batch import Batch, BatchResult
from changeover.database.server.remote import Remote
from changeover.errors import Busy, LeaseLost, OutcomeUnknown, Unavailable
from changeover.words import counted
from hrana import errors
from timed_http.deadline import Deadline

SENDS_MAX = 3
RESEND_S = 2.0
"""A change whose answer took longer than this to get lost held writers up for nothing: once is enough."""
RESOLVE_S = 30.0
PAUSE_S = 0.2


@dataclass(frozen=True, slots=True)
class Attempt:
    """One sending of a change; ``id`` stands in its ledger row. ``waited_s`` for a lock so far."""

    id: str
    waited_s: float


@dataclass(frozen=True, slots=True)
class Sending:
    """What is sent (made anew for every attempt), how long an answer and a lock may be waited for."""

    batch: Callable[[Attempt], Batch]
    within_s: float
    lock_wait_s: float


def resolve(
    remote: Remote, context: Context, sending: Sending, hook: Callable[[str], None]
) -> BatchResult | ledger.LedgerEntry:
    """The answer of the server, or the ledger's entry where that was lost.

    Raises what the batch refuses, Busy, Unavailable (nothing was done), OutcomeUnknown (the server is out of
    reach, so the ledger could not be asked).
    """
    waiting, began_s = Deadline(sending.lock_wait_s), time.monotonic()
    sends = 0
    while sends < SENDS_MAX:
        sends += 1
        attempt, sent_s = Attempt(uuid4().hex, time.monotonic() - began_s), time.monotonic()
        hook("begun")
        try:
            answered = _patiently(remote, sending, attempt, waiting, hook)
        except errors.NotSent:
            time.sleep(PAUSE_S)
        except errors.OutcomeUnknown:
            hook("unanswered")
            entry = _decided(remote, context, attempt, hook)
            if entry is not None:
                hook("committed")
                return entry
            if time.monotonic() - sent_s > RESEND_S:
                break
        except LeaseLost:
            # The batch only knows that the token is another; who has it now takes a question of its own.
            raise lease.lost(remote) from None
        else:
            hook("committed")
            return answered
    raise Unavailable(
        f"{remote.label} did not carry the change out ({counted(sends, 'request')}); nothing was changed.",
        hint="Look at the server and the network, and at what the change takes in a rehearsal; then"
        " `changeover resume`.",
    )


def _patiently(
    remote: Remote, sending: Sending, attempt: Attempt, waiting: Deadline, hook: Callable[[str], None]
) -> BatchResult:
    """Send it, again while somebody else's lock is in the way: such a refusal has done nothing."""
    batch = sending.batch(attempt)
    while True:
        try:
            return batch.send(remote, within_s=sending.within_s)
        except (errors.Locked, errors.TooMany) as error:
            # The server waited for about 5 s already before it
            # refused, so the time is looked at and not the tries.
            if waiting.left_s() <= PAUSE_S:
                raise Busy(
                    f"{str(error)[:1].upper()}{str(error)[1:]}, for all of the {sending.lock_wait_s:g} s that"
                    " may be waited for it; nothing was changed.",
                    hint="Find the long transaction (an open shell, an import), end it, then `changeover"
                    " resume`.",
                ) from error
        time.sleep(PAUSE_S)
        hook("waiting")


def _decided(
    remote: Remote, context: Context, attempt: Attempt, hook: Callable[[str], None]
) -> ledger.LedgerEntry | None:
    """The ledger's entry of an attempt whose answer was lost; None: it was not done and never will be."""
    patience = Deadline(RESOLVE_S)
    while True:
        hook("before asking the ledger")
        try:
            entry = _entry(remote, context, attempt)
        except errors.HranaError as error:
            if not error.retryable or isinstance(error, errors.TokenRefused) or not patience.left_s():
                raise OutcomeUnknown(
                    f"The answer to the change was lost, and {remote.label} could not be asked since"
                    f" ({error}): it was done wholly, or not at all.",
                    hint="When the server answers again, `changeover resume` asks the ledger and goes on.",
                ) from error
            time.sleep(PAUSE_S)
        else:
            hook("after asking the ledger")
            return entry


def _entry(remote: Remote, context: Context, attempt: Attempt) -> ledger.LedgerEntry | None:
    lost: LeaseLost | None = None
    if context.lease is not None:
        try:
            # Before the ledger is read: read first, a request
            # that is still on its way could be done after it.
            lease.renew(remote, context.lease)
        except LeaseLost as error:
            lost = error
    for entry in ledger.entries(remote):
        if entry.details.get("attempt") == attempt.id:
            return entry
    if lost is not None:
        raise lost
    return None
