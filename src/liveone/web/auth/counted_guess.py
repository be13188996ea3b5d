"""A password asked for besides signing in - of a share link, of one's own account - with wrong ones counted.

Rule: one at a time is looked at, and those for the same thing from the same address come slower each time.
"""

from anyio import to_thread
from fastapi import Request

from liveone.accounts.passwords import verify_password
from liveone.web.auth.access import gate_of, services_of
from liveone.web.auth.callers import TooManyGuesses, address_of


async def is_password(request: Request, about: str, password: str, password_hash: str) -> bool:
    """Whether it is the password of that hash; ``about`` names what it opens. Raises TooManyGuesses."""
    gate, now_s = gate_of(request), services_of(request).clock.monotonic_s()
    name = f"{about} {address_of(request)}"
    wait_s = gate.sign_ins.wait_s(name, now_s)
    if wait_s > 0:
        raise TooManyGuesses(wait_s)
    gate.sign_ins.guessed(name, now_s)
    is_right = await to_thread.run_sync(
        verify_password, password, password_hash, limiter=gate.one_guess_at_a_time
    )
    if is_right:
        gate.sign_ins.forgive(name)
    return is_right
