"""Who may log in to the pretended portal, and the sessions it gave out.

A session ends 30 minutes of portal time after its login, whether used or not, and with the portal.
"""

import base64
import secrets
import threading
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie

SESSION_S = 30 * 60
COOKIE = "mojolicious"


@dataclass(frozen=True, slots=True)
class PortalAccount:
    """An account; it sees ``owner`` sites and, as their installer, ``installer`` sites."""

    email: str
    password: str
    owner: tuple[str, ...]
    installer: tuple[str, ...] = ()

    def sees(self, site: str) -> bool:
        return site in self.owner or site in self.installer


class Sessions:
    """Logins of one portal. Safe to use from many threads."""

    def __init__(self, accounts: tuple[PortalAccount, ...]) -> None:
        self._accounts = {account.email: account for account in accounts}
        self._open: dict[str, tuple[PortalAccount, float]] = {}
        self._lock = threading.Lock()

    def log_in(self, email: str, password: str, now_at: float) -> str | None:
        """The value of a new cookie, which contains ``=`` as the real one; None for wrong credentials."""
        account = self._accounts.get(email)
        if account is None or not secrets.compare_digest(account.password.encode(), password.encode()):
            return None
        payload = base64.b64encode(b'{"expires":%d,"user":"x"}' % int(now_at + SESSION_S)).decode()
        value = f"{payload.rstrip('=')}==--{secrets.token_hex(20)}"
        with self._lock:
            self._open = {key: found for key, found in self._open.items() if found[1] > now_at}
            self._open[value] = (account, now_at + SESSION_S)
        return value

    def account_of(self, cookie_header: str, now_at: float) -> PortalAccount | None:
        """The account of a request's Cookie header, while its session lasts."""
        try:
            morsel = SimpleCookie(cookie_header).get(COOKIE)
        except CookieError:
            return None
        found = self._open.get(morsel.value) if morsel else None
        return found[0] if found and now_at < found[1] else None

    def end_all(self) -> None:
        """Forget every login."""
        with self._lock:
            self._open = {}
