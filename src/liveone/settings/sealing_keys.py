"""The keys that seal secrets in the database: from the environment, or ``secrets.key`` beside the settings.

Rule: a key is never in the database that it seals, nor in a backup of it. ``secrets.key`` has a key a line,
the current one first; it is made when the first secret is sealed, and only its owner may read it.
"""

import os
import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from liveone.errors import ConfigError
from liveone.sealing import SecretBox, is_key, key_id, new_key
from liveone.settings.config import Config, require_private
from liveone.settings.private_file import replace_private
from liveone.settings.watched import WatchedFile

KEY_FILE = "secrets.key"
VARIABLE = "LIVEONE_SECRETS_KEY"


def secret_box(config: Config) -> SecretBox:
    """What seals and opens the secrets of this installation. Raises ConfigError for keys that are none."""
    if config.secrets.sealing_keys:
        given = _checked(config.secrets.sealing_keys, VARIABLE)
        return SecretBox(lambda: given, lambda: given)
    path = config.folder / KEY_FILE
    return SecretBox(WatchedFile(path, read_keys).current, lambda: make_first(path))


def read_keys(path: Path) -> Sequence[str]:
    """The keys of a key file, none where there is no file. Raises ConfigError."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from error
    require_private(path)
    return _checked(text.split(), str(path))


def make_first(path: Path) -> Sequence[str]:
    """Make a key file, unless another process was first; returns the keys that are there then.

    Raises ConfigError where the file cannot be written.
    """
    made = path.with_name(f"{path.name}-{secrets.token_hex(8)}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_private(made, f"{new_key()}\n".encode())
        with suppress(FileExistsError):
            os.link(made, path)
        made.unlink()
    except OSError as error:
        raise ConfigError(
            f"{path}, the key of sealed secrets, cannot be written: {error.strerror}",
            hint=f"Put a key into the environment: {VARIABLE}, made by `liveone secrets key`.",
        ) from error
    return read_keys(path)


def add_key(path: Path) -> str:
    """Put a new key before those there are; from now on it seals. Returns its id."""
    key = new_key()
    _rewrite(path, lambda keys: [key, *keys])
    return key_id(key)


def forget_keys(path: Path) -> list[str]:
    """Leave nothing but the current key; returns the ids of those that went."""
    gone = [key_id(key) for key in read_keys(path)[1:]]
    _rewrite(path, lambda keys: list(keys[:1]))
    return gone


def _rewrite(path: Path, change: Callable[[Sequence[str]], Sequence[str]]) -> None:
    try:
        replace_private(path, "".join(f"{key}\n" for key in change(read_keys(path))).encode())
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}") from error


def _checked(keys: Sequence[str], where: str) -> tuple[str, ...]:
    for number, key in enumerate(keys, 1):
        if not is_key(key):
            raise ConfigError(
                f"{where}: key {number} of {len(keys)} is no key of 32 bytes",
                hint="`liveone secrets key` prints a good one; several are separated by spaces.",
            )
    return tuple(keys)
