"""Secrets as they may lie in a database: sealed with a key that lies elsewhere.

Rule: whoever has the database, a backup or a dump of it, and not the key, learns nothing; a sealed text that
was changed does not open. A sealed text names the key it needs: ``sealed:<key id>:<Fernet token>``. A column
whose name ends in ``_sealed`` holds sealed texts and nothing else, and `liveone secrets rotate` finds it.
"""

import base64
import binascii
import hashlib
import secrets
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from liveone.errors import LiveOneError

if TYPE_CHECKING:
    from cryptography.fernet import Fernet

PREFIX = "sealed"
COLUMN_SUFFIX = "_sealed"
KEY_BYTES = 32
ID_CHARS = 8


class CannotOpen(LiveOneError):
    """A sealed text does not open: its key is not here, or it was changed."""


def new_key() -> str:
    """32 random bytes, as text: what `LIVEONE_SECRETS_KEY` and `secrets.key` hold."""
    return base64.urlsafe_b64encode(secrets.token_bytes(KEY_BYTES)).decode()


def is_key(text: str) -> bool:
    """Whether ``text`` is a key as ``new_key`` makes them."""
    try:
        return len(base64.urlsafe_b64decode(text.encode())) == KEY_BYTES
    except (ValueError, binascii.Error):
        return False


def key_id(key: str) -> str:
    """The name of a key, which tells nothing of it."""
    return hashlib.sha256(b"liveone sealing key " + key.encode()).hexdigest()[:ID_CHARS]


def key_id_of(sealed: str) -> str | None:
    """The id of the key that a sealed text needs; None for a text that is not sealed."""
    prefix, _, rest = sealed.partition(":")
    return rest.partition(":")[0] if prefix == PREFIX and ":" in rest else None


class SecretBox:
    """Seals and opens secrets (Fernet: AES-128-CBC with HMAC-SHA256). Safe to call from any thread.

    ``keys`` gives the keys there are, the current one first; it is asked each time, so a rotation by another
    process counts at once. ``make`` makes the first key, where there is none yet.
    """

    def __init__(self, keys: Callable[[], Sequence[str]], make: Callable[[], Sequence[str]]) -> None:
        self._keys, self._make = keys, make

    def seal(self, text: str) -> str:
        """``text``, sealed with the current key. Raises ConfigError where no key can be made."""
        current = (self._keys() or self._make())[0]
        token = _cipher(current).encrypt(text.encode()).decode()
        return f"{PREFIX}:{key_id(current)}:{token}"

    def open(self, sealed: str) -> str:
        """The text that was sealed. Raises CannotOpen."""
        from cryptography.fernet import InvalidToken

        wanted = key_id_of(sealed)
        if wanted is None:
            raise CannotOpen("this is no sealed text", hint="Enter the secret anew; it is sealed then.")
        key = next((key for key in self._keys() if key_id(key) == wanted), None)
        if key is None:
            raise CannotOpen(
                f"a secret is sealed with the key {wanted}, which is not here",
                hint="Put that key back (secrets.key beside the settings, or LIVEONE_SECRETS_KEY), "
                "or enter the secret anew.",
            )
        try:
            return _cipher(key).decrypt(sealed.rpartition(":")[2].encode()).decode()
        except InvalidToken as error:
            raise CannotOpen(
                "a sealed secret was changed since it was sealed", hint="Enter the secret anew."
            ) from error

    def is_current(self, sealed: str) -> bool:
        """Whether a sealed text needs the current key and no older one."""
        keys = self._keys()
        return bool(keys) and key_id_of(sealed) == key_id(keys[0])

    def reseal(self, sealed: str) -> str:
        """The same secret, sealed with the current key. Raises CannotOpen."""
        return self.seal(self.open(sealed))


def _cipher(key: str) -> "Fernet":
    from cryptography.fernet import Fernet  # takes as long as a tenth of a command's start

    return Fernet(key.encode())
