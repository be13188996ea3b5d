"""An account id is real, unknown, barred or a placeholder - or could not be asked, which is none of them."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.liveone_side.clerk_stand_in import KEY, StandIn, running, user

from liveone.accounts import clerk, users
from liveone.accounts.clerk import ClerkDirectory
from liveone.accounts.directory import (
    DirectoryAccount,
    DirectoryError,
    DirectoryRefused,
    DirectoryUnavailable,
)
from liveone.cli.context import exit_code_of
from liveone.cli.root import root
from liveone.errors import ConfigError, LiveOneError

SIMON = user("user_2simon", "simon@example.org")


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    with running(SIMON, user("user_2banned", "b@example.org", banned=True)) as found:
        yield found


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def directory(stand_in: StandIn, waits: list[float]) -> ClerkDirectory:
    return ClerkDirectory(KEY, url=stand_in.url, sleep=waits.append)


def check(folder: Path, *words: str, **environment: str) -> Result:
    settings = folder / "liveone.toml"
    settings.touch()
    clean = {"CLERK_SECRET_KEY": "", "CLERK_API_URL": "", **environment}
    return CliRunner(env=clean).invoke(root, ["--config", str(settings), "accounts", "check", *words])


def test_clerk_knows_an_account_with_its_primary_address(directory: ClerkDirectory) -> None:
    assert directory.find("user_2simon") == DirectoryAccount("user_2simon", "simon@example.org")


def test_clerk_knows_no_such_account(directory: ClerkDirectory, stand_in: StandIn) -> None:
    assert directory.find("user_2nobody") is None
    assert directory.find("../../v1/clients") is None
    assert stand_in.asked[-1] == "/v1/users/..%2F..%2Fv1%2Fclients"


def test_a_banned_account_is_said_to_be_so(directory: ClerkDirectory) -> None:
    found = directory.find("user_2banned")
    assert found is not None
    assert found.barred == "banned"


def test_a_wrong_key_is_refused_without_being_shown(stand_in: StandIn) -> None:
    with pytest.raises(DirectoryRefused, match="CLERK_SECRET_KEY") as caught:
        ClerkDirectory("sk_test_wrong", url=stand_in.url).find("user_2simon")
    assert "sk_test_wrong" not in str(caught.value)
    assert "authentication_invalid" in str(caught.value)


def test_too_many_requests_are_waited_for_as_long_as_clerk_asks(
    directory: ClerkDirectory, stand_in: StandIn, waits: list[float]
) -> None:
    stand_in.troubles = [429, 503, "cut"]
    assert directory.find("user_2simon") is not None
    assert waits == [7.0, 0.5, 1.0]


def test_lasting_trouble_ends_after_a_bounded_number_of_tries(
    directory: ClerkDirectory, stand_in: StandIn
) -> None:
    stand_in.troubles = [502] * 100
    with pytest.raises(DirectoryUnavailable, match="502"):
        directory.find("user_2simon")
    assert len(stand_in.asked) == clerk.TRIES


def test_a_long_pause_is_not_waited_for(
    directory: ClerkDirectory, stand_in: StandIn, waits: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clerk, "TOTAL_S", 5.0)
    stand_in.troubles = [429]
    with pytest.raises(DirectoryUnavailable, match="429"):
        directory.find("user_2simon")
    assert waits == []


def test_an_answer_that_hangs_is_given_up(
    stand_in: StandIn, monkeypatch: pytest.MonkeyPatch, waits: list[float]
) -> None:
    monkeypatch.setattr(clerk, "REQUEST_S", 1.0)
    stand_in.troubles = ["hang"]
    found = ClerkDirectory(KEY, url=stand_in.url, sleep=waits.append).find("user_2simon")
    assert found is not None
    assert waits == [0.25]


def test_a_404_of_somebody_else_proves_nothing(directory: ClerkDirectory, stand_in: StandIn) -> None:
    stand_in.troubles = ["html"]
    with pytest.raises(DirectoryUnavailable, match="does not answer as Clerk does"):
        directory.find("user_2simon")


def test_the_account_of_another_id_is_not_taken_for_it(directory: ClerkDirectory, stand_in: StandIn) -> None:
    stand_in.users["user_2other"] = SIMON
    with pytest.raises(DirectoryError):
        directory.find("user_2other")


@pytest.mark.parametrize("key", ["", "sk live", "sk_live_1\n", "schlüssel"])
def test_a_key_that_cannot_be_one_is_refused_without_being_shown(key: str) -> None:
    with pytest.raises(ConfigError) as caught:
        ClerkDirectory(key)
    assert not key or key not in str(caught.value)


def test_the_key_is_sent_in_the_clear_to_this_machine_only() -> None:
    with pytest.raises(ConfigError, match="https"):
        ClerkDirectory(KEY, url="http://api.clerk.com")
    assert KEY not in repr(ClerkDirectory(KEY))


def test_check_passes_when_every_id_is_real(tmp_path: Path, stand_in: StandIn) -> None:
    mapping = json.dumps({"simon": "user_2simon", "simon2": "user_2simon"})
    done = check(tmp_path, "--map", mapping, CLERK_SECRET_KEY=KEY, CLERK_API_URL=stand_in.url)
    assert done.exit_code == 0, done.output
    assert "simon -> user_2simon  simon@example.org" in done.output
    assert len(stand_in.asked) == 1


def test_check_names_every_id_that_is_not(tmp_path: Path, stand_in: StandIn) -> None:
    mapping = json.dumps({"a": "user_xxx", "b": "TODO", "c": "REPLACE_ME", "d": "", "e": "user_2nobody"})
    words = ("user_2simon", "user_2banned", "--map", mapping, "--json")
    done = check(tmp_path, *words, CLERK_SECRET_KEY=KEY, CLERK_API_URL=stand_in.url)
    assert done.exit_code == 1
    found = {each["name"]: each["standing"] for each in json.loads(done.output)["accounts"]}
    assert found == {
        "user_2simon": "real",
        "user_2banned": "barred",
        **dict.fromkeys("abcd", "placeholder"),
        "e": "unknown",
    }
    assert len(stand_in.asked) == 3


def test_the_file_of_users_is_the_directory_without_clerk(tmp_path: Path) -> None:
    users.save(tmp_path / "users.toml", [users.Account("user_1", "a@example.org")])
    assert check(tmp_path, "user_1").exit_code == 0
    done = check(tmp_path, "--map", '{"simon": "user_2"}')
    assert done.exit_code == 1
    assert "users.toml knows no such account" in done.output


def test_a_directory_that_cannot_be_asked_is_no_verdict(tmp_path: Path) -> None:
    done = check(tmp_path, "user_1", CLERK_SECRET_KEY=KEY, CLERK_API_URL="http://127.0.0.1:9")
    assert isinstance(done.exception, LiveOneError)
    assert exit_code_of(done.exception) == 4
    assert "unknown" not in done.output


def test_nothing_to_check_and_a_map_that_is_none_are_wrong_usage(tmp_path: Path) -> None:
    for words in ([], ["--map", "{}"], ["--map", "simon=user_1"], ["--map", '{"simon": 1}']):
        assert isinstance(check(tmp_path, *words).exception, LiveOneError), words
