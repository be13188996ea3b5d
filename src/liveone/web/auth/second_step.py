"""The second step of a sign-in by password: a code of an app, or a recovery code, once.

Rule: wrong codes are counted for the account, whatever address they come from, and apart for each browser in
which the account has signed in before: who has the password and guesses codes keeps nobody out of those.
"""

from anyio import to_thread
from fastapi import Request

from liveone.accounts import second_steps
from liveone.accounts.second_steps import APP, PASSKEY
from liveone.accounts.users import Account
from liveone.sealing import SecretBox
from liveone.web.answers import ApiError, log
from liveone.web.auth import sessions
from liveone.web.auth.access import PATIENCE_S, gate_of, services_of
from liveone.web.auth.callers import Authenticator, TooManyGuesses, address_of

NO_KEY = ApiError(503, "This server was started without keys for secrets.", success=False)


class SecondStepNeeded(ApiError):
    """401: the password was right, and the account asks for more. ``ways``: app, passkey; a recovery code is
    always one."""

    def __init__(self, ways: list[str], *, was_wrong: bool) -> None:
        message = "That code does not count, or did so already." if was_wrong else "A second step is needed."
        super().__init__(401, message, secondStep=ways, wasWrong=was_wrong)
        self.was_wrong = was_wrong


async def proven(request: Request, user: Account, code: str) -> str:
    """What kind of code proved the second step of an account; empty where none is asked.

    Raises SecondStepNeeded, TooManyGuesses.
    """
    gate, clock = gate_of(request), services_of(request).clock
    ways = ways_of(gate, user.id)
    if not ways:
        return ""
    if not code.strip():
        raise SecondStepNeeded(ways, was_wrong=False)
    name, now_s = _counted_for(request, gate, user.id), clock.monotonic_s()
    wait_s = gate.codes.wait_s(name, now_s)
    if wait_s > PATIENCE_S:
        raise TooManyGuesses(wait_s)
    gate.codes.guessed(name, now_s)
    if wait_s > 0:
        await clock.sleep(wait_s)
    found = await to_thread.run_sync(
        second_steps.take_code, gate.people, box_of(gate), user.id, code, clock.now_at()
    )
    await gate.refresh()
    if not found:
        log.warning("a wrong second step came from %s for the account %r", address_of(request), user.id)
        raise SecondStepNeeded(ways, was_wrong=True)
    gate.codes.forgive(name)
    return found


def ways_of(gate: Authenticator, account: str) -> list[str]:
    """How an account may prove more than its password: app, passkey; none where it is not asked."""
    kinds = {one.kind for one in gate.snapshot.steps_of(account)}
    return [one for one in (APP, PASSKEY) if one in kinds]


def box_of(gate: Authenticator) -> SecretBox:
    """What opens the secrets of apps. Raises ApiError 503."""
    if gate.settings.box is None:
        raise NO_KEY
    return gate.settings.box


def _counted_for(request: Request, gate: Authenticator, account: str) -> str:
    cookie = request.cookies.get(sessions.DEVICE_COOKIE, "")
    return f"{account} {sessions.device_of(gate.settings.session_key, cookie, account) or 'anywhere'}"
