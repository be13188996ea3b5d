"""The people who may sign in: kept whole, private and unambiguous."""

from pathlib import Path

import pytest

from liveone.accounts import users
from liveone.accounts.users import Account, Token
from liveone.errors import ConfigError

ANN = Account(
    "user_1", "ann@example.org", 'scrypt$"x"', True, (Token("aa"), Token("bb", "2026-11-29", "my grafana"))
)
BOB = Account("user_2", "bob@example.org")


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    path = tmp_path / "users.toml"
    assert users.load(path) == ()
    users.save(path, [ANN, BOB])
    assert users.load(path) == (ANN, BOB)
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "users.toml"
    users.save(path, [ANN])
    path.chmod(0o640)
    with pytest.raises(ConfigError, match="chmod 600"):
        users.load(path)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[[user]]\nid="a"\n', "needs an id and an email"),
        ('[[user]]\nid="a"\nemail="x@y"\nrole="r"', "role is unknown"),
        ('[[user]]\nid="a"\nemail="x@y"\n[[user]]\nid="a"\nemail="z@y"', "same id"),
        ('[[user]]\nid="a"\nemail="x@y"\n[[user]]\nid="b"\nemail="X@y"', "same email"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "users.toml"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(ConfigError, match=says):
        users.load(path)


def test_passwords_and_tokens_never_show() -> None:
    assert "scrypt" not in repr(ANN)
    assert "aa" not in repr(ANN).replace("example", "")
