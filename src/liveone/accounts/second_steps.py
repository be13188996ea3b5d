"""What an account is asked for besides its password: a code of an app, or a passkey; else a recovery code.

Rule: whoever has set one up is asked for it wherever a password opens the account. A code counts once, and so
does a recovery code; of both nothing is kept that would open anything by itself.
"""

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from liveone.accounts import totp
from liveone.accounts.credentials import StoredCredential
from liveone.accounts.passwords import hash_token
from liveone.sealing import SecretBox
from liveone.store.database import Row
from liveone.store.store import Query

if TYPE_CHECKING:
    from liveone.accounts.people import People, PeopleSnapshot

APP, PASSKEY, RECOVERY = "app", "passkey", "recovery"
RECOVERY_CODES = 10
LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"
"""32 signs that nobody takes for another; 16 of them are 80 bits."""
GROUPS, GROUP_CHARS = 4, 4


@dataclass(frozen=True, slots=True)
class SecondStep:
    """``kind`` is app or passkey; of a passkey ``handle`` is its id and ``public_key`` its COSE key, both in
    base64url. ``used``: of an app the half minute whose code counted last, of a passkey its own count. Times
    are UTC epoch seconds.
    """

    account: str
    kind: str
    handle: str
    name: str = ""
    secret_sealed: str | None = field(default=None, repr=False)
    public_key: str = ""
    used: int = 0
    made_at: int = 0
    seen_at: int | None = None
    id: int = 0

    @property
    def label(self) -> str:
        """What it is called in lists."""
        return hash_token(self.handle)[:8]


def of_row(row: Row) -> SecondStep:
    """A row of the table ``second_steps``."""
    key, account, kind, handle, name, sealed, public_key, used, made_at, seen_at = row
    return SecondStep(
        account=str(account),
        kind=str(kind),
        handle=str(handle),
        name=str(name),
        secret_sealed=None if sealed is None else str(sealed),
        public_key=str(public_key),
        used=int(used or 0),
        made_at=int(made_at or 0),
        seen_at=None if seen_at is None else int(seen_at),
        id=int(key or 0),
    )


def adding(new: SecondStep) -> Query:
    """The step that adds one."""
    told = (new.account, new.kind, new.handle, new.name, new.secret_sealed)
    return Query("second_steps_add", (*told, new.public_key, new.used, new.made_at))


def app_handle(account: str) -> str:
    """The handle of the app of an account, which has one at most."""
    return f"{APP} {account}"


def set_app_up(
    people: "People", box: SecretBox, account: str, secret: str, *, used: int, now_at: float
) -> None:
    """Ask an account for the codes of an app from now on, in place of another app's. Raises ConfigError where
    there is no key to seal its secret with."""
    handle, sealed = app_handle(account), box.seal(secret)
    new = SecondStep(account, APP, handle, "", sealed, used=used, made_at=int(now_at))
    before = [Query("second_steps_remove", (one.id,)) for one in people.snapshot.steps_of(account, APP)]
    people.write([*before, adding(new)])


def take_code(people: "People", box: SecretBox, account: str, code: str, now_at: float) -> str:
    """What kind of code of the account this is, app or recovery, which from now on is used; empty for none.

    Raises CannotOpen where the key of the app's secret is gone, and ReadOnly where nothing can be noted.
    """
    kept = people.snapshot.credentials.get(recovery_hash(account, code))
    if kept is not None and kept.kind == RECOVERY:
        return RECOVERY if people.end(kept.id) else ""
    for one in people.snapshot.steps_of(account, APP):
        step = totp.matching_step(box.open(one.secret_sealed or ""), code, now_at)
        used = Query("second_steps_used", (one.id, step, int(now_at)))
        if step is not None and people.write([used])[0].rows:
            return APP
    return ""


def new_recovery_codes(people: "People", account: str) -> list[str]:
    """Codes that each open an account once in place of a second step; those before are none any more."""
    codes = ["-".join(_group() for _ in range(GROUPS)) for _ in range(RECOVERY_CODES)]
    people.end_of(account, RECOVERY)
    for code in codes:
        people.keep(StoredCredential(RECOVERY, recovery_hash(account, code), account))
    return codes


def recovery_hash(account: str, code: str) -> str:
    """What is kept of a recovery code; how it was written does not matter."""
    plain = "".join(letter for letter in code.casefold() if letter.isalnum())
    return hash_token(f"{RECOVERY} {account} {plain}")


def remove(people: "People", going: SecondStep) -> None:
    """Ask for one no more; with the last one the recovery codes go too."""
    others = [one for one in people.snapshot.steps_of(going.account) if one.id != going.id]
    people.write([Query("second_steps_remove", (going.id,))])
    if not others:
        people.end_of(going.account, RECOVERY)


def removing_all(snapshot: "PeopleSnapshot", account: str) -> list[Query]:
    """The steps that leave an account with its password alone."""
    if not snapshot.keeps_steps:
        return []
    codes = Query("credentials_end_of", (account, f'["{RECOVERY}"]', None))
    return [Query("second_steps_remove_of", (account,)), codes]


def _group() -> str:
    return "".join(secrets.choice(LETTERS) for _ in range(GROUP_CHARS))
