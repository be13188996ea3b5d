"""Secrets in the database: sealed with a key that lies elsewhere, moved to a new one while LiveOne runs."""

import sqlite3
import stat
import threading
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from liveone.cli.root import root
from liveone.errors import ConfigError
from liveone.sealing import CannotOpen, SecretBox, key_id, key_id_of, new_key
from liveone.settings import config, sealing_keys
from liveone.store.files import create
from liveone.store.sealed import sealed_cells
from liveone.store.store import open_store

SECRET = "hunter2 - pässword"


def box(*keys: str) -> SecretBox:
    return SecretBox(lambda: keys, lambda: keys)


def test_what_is_sealed_tells_nothing_and_opens_again() -> None:
    here = box(new_key())
    sealed = here.seal(SECRET)
    assert here.open(sealed) == SECRET
    assert "hunter2" not in sealed
    assert here.seal(SECRET) != sealed


def test_a_changed_text_and_a_missing_key_do_not_open() -> None:
    here = box(new_key())
    sealed = here.seal(SECRET)
    changed = sealed[:-5] + ("A" if sealed[-5] != "A" else "B") + sealed[-4:]
    with pytest.raises(CannotOpen, match="was changed"):
        here.open(changed)
    with pytest.raises(CannotOpen, match=str(key_id_of(sealed))):
        box(new_key()).open(sealed)
    with pytest.raises(CannotOpen, match="no sealed text"):
        here.open(SECRET)


def test_an_older_key_still_opens_and_the_first_one_seals() -> None:
    old, new = new_key(), new_key()
    sealed = box(old).seal(SECRET)
    both = box(new, old)
    assert (both.open(sealed), both.is_current(sealed)) == (SECRET, False)
    again = both.reseal(sealed)
    assert (box(new).open(again), both.is_current(again)) == (SECRET, True)


def test_the_first_secret_makes_the_key_which_its_owner_alone_may_read(tmp_path: Path) -> None:
    loaded = config.load(_settings(tmp_path), {})
    here, path = sealing_keys.secret_box(loaded), tmp_path / sealing_keys.KEY_FILE
    assert not path.exists()
    sealed = here.seal(SECRET)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert sealing_keys.secret_box(loaded).open(sealed) == SECRET
    assert here.seal(SECRET).split(":")[1] == sealed.split(":")[1]
    path.chmod(0o644)
    with pytest.raises(ConfigError, match="others may read it"):
        sealing_keys.secret_box(loaded)


def test_many_that_seal_first_make_one_key(tmp_path: Path) -> None:
    path, found = tmp_path / sealing_keys.KEY_FILE, []
    threads = [
        threading.Thread(target=lambda: found.append(tuple(sealing_keys.make_first(path)))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1
    assert [one.name for one in tmp_path.iterdir()] == [path.name]


def test_keys_of_the_environment_win_and_bad_ones_are_named(tmp_path: Path) -> None:
    old, new = new_key(), new_key()
    loaded = config.load(_settings(tmp_path), {"LIVEONE_SECRETS_KEY": f"{new}, {old}"})
    assert sealing_keys.secret_box(loaded).open(box(old).seal(SECRET)) == SECRET
    assert not (tmp_path / sealing_keys.KEY_FILE).exists()
    assert new not in repr(loaded)
    with pytest.raises(ConfigError, match="LIVEONE_SECRETS_KEY: key 1 of 1") as refused:
        sealing_keys.secret_box(config.load(_settings(tmp_path), {"LIVEONE_SECRETS_KEY": "sesame"}))
    assert "sesame" not in str(refused.value)


def test_a_running_program_knows_a_rotated_key_at_once(tmp_path: Path) -> None:
    path = _house(tmp_path)
    here = sealing_keys.secret_box(config.load(path, {}))
    _keep(tmp_path, here.seal(SECRET), here.seal("another"))
    assert "2 secrets are sealed" in _run(path, "secrets", "rotate")
    with closing(open_store(tmp_path / "liveone.db")) as store:
        cells = sealed_cells(store)
    assert [here.open(cell.text) for cell in cells] == [SECRET, "another"]
    assert all(here.is_current(cell.text) for cell in cells)
    assert cells[0].key == (("house", "north"), ("number", 1))
    assert "2 older keys are kept" in _run(path, "secrets", "rotate")
    said = _run(path, "secrets", "status")
    assert said.count("older  0 secrets") == 2


def test_keys_that_a_secret_needs_are_not_forgotten(tmp_path: Path) -> None:
    path = _house(tmp_path)
    here = sealing_keys.secret_box(config.load(path, {}))
    _keep(tmp_path, here.seal(SECRET))
    sealing_keys.add_key(tmp_path / sealing_keys.KEY_FILE)
    assert "need an older key" in _run(path, "secrets", "forget", "--yes", fails=True)
    _run(path, "secrets", "rotate")
    assert "Gone: " in _run(path, "secrets", "forget", "--yes")
    assert len(sealing_keys.read_keys(tmp_path / sealing_keys.KEY_FILE)) == 1
    assert "1 secrets" in _run(path, "secrets", "status")


def test_a_missing_key_is_said_by_status_and_doctor(tmp_path: Path) -> None:
    path, lost = _house(tmp_path), new_key()
    _keep(tmp_path, box(lost).seal(SECRET))
    assert f"key {key_id(lost)}  NOT HERE  1 secrets" in _run(path, "secrets", "status", fails=True)
    assert f"1 of 1 do not open: a secret is sealed with the key {key_id(lost)}" in _run(
        path, "doctor", fails=True
    )


def test_files_of_secrets_are_read_without_their_last_line_end(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("correct horse\n")
    given = {"AUTH_PASSWORD_FILE": str(file), "LIVEONE_VENDOR_HOME_PASSWORD_FILE": str(file)}
    loaded = config.load(_settings(tmp_path), {**given, "LIVEONE_VENDOR_HOME_EMAIL": "a@b.c"})
    assert (loaded.secrets.auth_password, loaded.vendors[0].password) == ("correct horse", "correct horse")


def test_an_empty_variable_is_not_set(tmp_path: Path) -> None:
    empty = dict.fromkeys(
        ("LIVEONE_DATABASE_URL", "LIVEONE_PORT", "LIVEONE_SCHEDULER", "AUTH_PASSWORD_FILE"), ""
    )
    assert config.load(_settings(tmp_path), empty) == config.load(_settings(tmp_path), {})


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"AUTH_PASSWORD_FILE": "/nowhere/at-all"}, "AUTH_PASSWORD_FILE: /nowhere/at-all cannot be read"),
        ({"CRON_SECRET_FILE": "/dev/null"}, "CRON_SECRET_FILE: /dev/null is empty"),
        ({"CRON_SECRET_FILE": "/dev/null", "CRON_SECRET": "x"}, "are both set"),
    ],
)
def test_a_file_of_a_secret_that_is_none_is_an_error(
    tmp_path: Path, given: dict[str, str], says: str
) -> None:
    with pytest.raises(ConfigError, match=says):
        config.load(_settings(tmp_path), given)


def _settings(folder: Path) -> Path:
    path = folder / "liveone.toml"
    path.touch()
    return path


def _house(folder: Path) -> Path:
    create(folder / "liveone.db")
    return _settings(folder)


def _keep(folder: Path, *sealed: str) -> None:
    """A table that keeps secrets, as any room may have one."""
    with closing(sqlite3.connect(folder / "liveone.db")) as database, database:
        database.execute(
            "CREATE TABLE IF NOT EXISTS liveone_kept (number INTEGER, house TEXT, password_sealed TEXT, "
            "PRIMARY KEY (house, number)) WITHOUT ROWID"
        )
        rows = [(number, "north", text) for number, text in enumerate(sealed, 1)]
        database.executemany("INSERT INTO liveone_kept VALUES (?, ?, ?)", rows)


def _run(path: Path, *words: str, fails: bool = False) -> str:
    done = CliRunner().invoke(root, ["--config", str(path), *words])
    said = done.output + (str(done.exception) if done.exception else "")
    assert bool(done.exit_code) is fails, said
    return said
