"""Settings: the environment wins, unknown keys are errors, secrets stay private."""

from pathlib import Path

import pytest

from liveone.errors import ConfigError
from liveone.settings import config


def write(folder: Path, text: str, secrets: str = "", mode: int = 0o600) -> Path:
    path = folder / "liveone.toml"
    path.write_text(text)
    if secrets:
        (folder / "secrets.toml").write_text(secrets)
        (folder / "secrets.toml").chmod(mode)
    return path


def test_defaults_hold_where_nothing_is_said(tmp_path: Path) -> None:
    loaded = config.load(write(tmp_path, ""), {})
    assert loaded.server.host == "127.0.0.1"
    assert loaded.collect.cadence_s == 60
    assert loaded.database_path == tmp_path / "liveone.db"


def test_environment_wins_over_file(tmp_path: Path) -> None:
    path = write(tmp_path, '[database]\nurl = "a.db"\n[server]\nport = 1\n')
    loaded = config.load(
        path, {"LIVEONE_DATABASE_URL": "b.db", "LIVEONE_PORT": "9", "LIVEONE_SCHEDULER": "off"}
    )
    assert (loaded.database_path.name, loaded.server.port, loaded.collect.scheduler) == ("b.db", 9, False)


def test_a_server_has_no_file_and_may_have_a_replica(tmp_path: Path) -> None:
    said = {
        "LIVEONE_DATABASE_URL": "libsql://a",
        "LIVEONE_REPLICA_URL": "http://b",
        "LIVEONE_DATABASE_TOKEN": "t",
    }
    loaded = config.load(write(tmp_path, ""), said)
    assert (loaded.is_server, loaded.database.replica_url, loaded.secrets.database_token) == (
        True,
        "http://b",
        "t",
    )
    with pytest.raises(ConfigError, match="libsql://a is a server"):
        _ = loaded.database_path


@pytest.mark.parametrize("url", ["data.db", "sqlite:data.db", "file:data.db", "sqlite:///srv/data.db"])
def test_a_file_is_named_in_several_ways(tmp_path: Path, url: str) -> None:
    loaded = config.load(write(tmp_path, ""), {"LIVEONE_DATABASE_URL": url})
    assert not loaded.is_server
    assert str(loaded.database_path) == ("/srv/data.db" if "srv" in url else str(tmp_path / "data.db"))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[server]\nprot = 1", "Did you mean 'port'"),
        ("[sever]\nport = 1", "Did you mean 'server'"),
        ('[server]\nport = "1"', "wrong type"),
        ("[server]\nport = true", "wrong type"),
        ("[server]\nport = 70000", "outside 0 to 65535"),
        ("[collect]\ncadence_s = 0", "outside 1 to 300"),
        ("[[vendor]]\nemail = 'x'", "has no name"),
        ("[[vendor]]\nname='a'\npassword='x'", "unknown key 'password'"),
        ("[[vendor]]\nname='a'\n[[vendor]]\nname='a'", "used twice"),
        ("[[vendor]]\nname='a'\ngrid_sign={'1'='up'}", "auto, normal, inverted"),
        ("[[vendor]]\nname='a-b'\n[[vendor]]\nname='A.b'", "would share LIVEONE_VENDOR_A_B_PASSWORD"),
        ("[[vendor]]\nname='a'\ntimeout_s=-5", "timeout_s = -5.0 is outside 0.1 to 300"),
        ("[mqtt]\nhost='a'\nbase='a/b'", "mqtt.base cannot be"),
        ("[mqtt]\nhost='a'\ndiscovery_prefix='a/#'", "mqtt.discovery_prefix cannot be"),
        ("[mqtt]\nport=70000", "outside 0 to 65535"),
        ("[mqtt]\npassword='x'", "unknown key 'password'"),
        ("[server", "not valid TOML"),
    ],
)
def test_a_mistake_is_named_with_its_place(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        config.load(write(tmp_path, text), {})
    assert says in str(caught.value)
    assert "liveone.toml" in str(caught.value)


def test_secrets_are_read_from_a_private_file_only(tmp_path: Path) -> None:
    secrets = 'auth_password = "a"\n[vendor.home]\npassword = "p"\n'
    path = write(tmp_path, '[[vendor]]\nname = "home"\n', secrets)
    loaded = config.load(path, {})
    assert (loaded.secrets.auth_password, loaded.vendors[0].password) == ("a", "p")
    (tmp_path / "secrets.toml").chmod(0o644)
    with pytest.raises(ConfigError, match="others may read it"):
        config.load(path, {})


def test_secrets_never_show(tmp_path: Path) -> None:
    path = write(tmp_path, '[[vendor]]\nname = "my-home"\n')
    loaded = config.load(path, {"AUTH_PASSWORD": "s3cret", "LIVEONE_VENDOR_MY_HOME_PASSWORD": "s3cret"})
    assert loaded.vendors[0].password == "s3cret"
    assert "s3cret" not in repr(loaded)


def test_a_named_file_that_is_missing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="liveone init"):
        config.load(tmp_path / "nowhere.toml", {})
    with pytest.raises(ConfigError, match="liveone init"):
        config.load(None, {"LIVEONE_CONFIG": str(tmp_path / "nowhere.toml")})


@pytest.mark.parametrize(
    ("secrets", "says"),
    [
        ("vendor = 'x'", "write [vendor.NAME]"),
        ("[vendor]\nhome = 'x'", "write [vendor.NAME]"),
        ("[vendor.hom]\npassword = 'x'", "Did you mean [vendor.home]?"),
        ("auth_pasword = 'x'", "Did you mean 'auth_password'?"),
    ],
)
def test_a_mistake_in_the_secrets_is_named_with_its_place(tmp_path: Path, secrets: str, says: str) -> None:
    path = write(tmp_path, '[[vendor]]\nname = "home"\n', secrets)
    with pytest.raises(ConfigError) as caught:
        config.load(path, {})
    assert says in str(caught.value)
    assert "secrets.toml" in str(caught.value)


def test_a_password_may_be_there_before_its_account(tmp_path: Path) -> None:
    assert config.load(write(tmp_path, "", "[vendor.home]\npassword = 'x'\n"), {}).vendors == ()


def test_the_path_of_settings_found_in_the_current_folder_holds_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A migration plan's commands run in the plan's folder and are given this path as LIVEONE_CONFIG."""
    path = write(tmp_path, "")
    monkeypatch.chdir(tmp_path)
    assert config.load(None, {}).path == path


def test_the_password_of_the_broker_is_a_secret(tmp_path: Path) -> None:
    path = write(tmp_path, '[mqtt]\nhost = "a"\n', '[mqtt]\npassword = "s3cret"\n')
    loaded = config.load(path, {})
    assert (loaded.mqtt.host, loaded.mqtt.password) == ("a", "s3cret")
    assert "s3cret" not in repr(loaded)
    said = {"LIVEONE_MQTT_PASSWORD": "other", "LIVEONE_MQTT_HOST": "b", "LIVEONE_MQTT_PORT": "8883"}
    loaded = config.load(path, said)
    assert (loaded.mqtt.host, loaded.mqtt.port, loaded.mqtt.password) == ("b", 8883, "other")
    with pytest.raises(ConfigError, match="must hold a password, and nothing else"):
        config.load(write(tmp_path, "", '[mqtt]\npasswort = "x"\n'), {})
