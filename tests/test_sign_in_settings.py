"""Places to sign in: in the settings and in the environment; the page about them is valid."""

import re
from pathlib import Path

import pytest
from tests.test_config import write

from liveone.errors import ConfigError
from liveone.settings import config

PAGE = Path(__file__).parent.parent / "docs/how-to/sign-in.md"
PLACE = '[[sign_in]]\nname = "authelia"\nissuer = "https://auth.example.org"\nclient_id = "liveone"\n'
HIDDEN = '[sign_in.authelia]\nclient_secret = "s3cret"\n'


def test_the_settings_of_the_page_are_valid(tmp_path: Path) -> None:
    server, secrets, clerk = re.findall(r"```toml\n(.*?)```", PAGE.read_text(), re.DOTALL)
    loaded = config.load(write(tmp_path, server + clerk, secrets), {})
    assert loaded.server.public_url == "https://solar.example.org"
    assert [(one.name, one.label, one.client_secret) for one in loaded.sign_ins] == [
        ("authelia", "Authelia", "..."),
        ("clerk", "Clerk", ""),
    ]
    assert loaded.sign_ins[1].authorized_parties == ("https://solar.example.org",)


def test_the_environment_wins_and_may_stand_alone(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("from a file\n")
    said = {
        "LIVEONE_SIGN_IN_AUTHELIA_TITLE": "At home",
        "LIVEONE_SIGN_IN_MY_REALM_ISSUER": "https://keycloak.example.org/realms/home",
        "LIVEONE_SIGN_IN_MY_REALM_CLIENT_ID": "solar",
        "LIVEONE_SIGN_IN_MY_REALM_CLIENT_SECRET_FILE": str(tmp_path / "secret"),
        "LIVEONE_SIGN_IN_MY_REALM_SIGN_UP": "on",
    }
    here, other = config.load(write(tmp_path, PLACE, HIDDEN), said).sign_ins
    assert (here.title, here.client_secret) == ("At home", "s3cret")
    assert (other.name, other.client_id, other.client_secret, other.sign_up) == (
        "my-realm",
        "solar",
        "from a file",
        True,
    )
    assert "s3cret" not in repr(here)


@pytest.mark.parametrize(
    ("text", "secrets", "says"),
    [
        (PLACE.replace("https", "http"), "", "must be an https address"),
        (PLACE.replace("https://auth.example.org", "auth"), "", "must be an https address"),
        (PLACE.replace("authelia", "Auth/elia"), "", "small letters"),
        (PLACE.replace('client_id = "liveone"\n', ""), "", "needs a client_id"),
        (PLACE + 'type = "saml"', "", "type is 'saml'"),
        (PLACE + 'client_secret = "x"', "", "stands in secrets.toml"),
        (PLACE + 'isuer = "x"', "", "Did you mean 'issuer'"),
        (PLACE + PLACE, "", "used twice"),
        ('sign_in = "x"', "", "[[sign_in]]"),
        (PLACE, '[sign_in.autelia]\nclient_secret = "x"', "no [[sign_in]] has that name"),
        (PLACE, '[sign_in.authelia]\nsecret = "x"', "[sign_in.NAME]"),
        ('[server]\npublic_url = "solar.example.org"', "", "public_url"),
        ('[server]\npublic_url = "https://a/?b"', "", "public_url"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, text: str, secrets: str, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        config.load(write(tmp_path, text, secrets), {})
    assert says in str(caught.value)


@pytest.mark.parametrize("variable", ["LIVEONE_SIGN_IN_AUTHELIA_ISUER", "LIVEONE_SIGN_IN_AUTHELIA_SIGN_UP"])
def test_a_variable_that_is_not_understood_is_an_error(tmp_path: Path, variable: str) -> None:
    with pytest.raises(ConfigError, match=variable):
        config.load(write(tmp_path, PLACE), {variable: "maybe"})


def test_an_issuer_on_this_machine_may_speak_plain_http(tmp_path: Path) -> None:
    text = PLACE.replace("https://auth.example.org", "http://127.0.0.1:9091/")
    assert config.load(write(tmp_path, text), {}).sign_ins[0].issuer == "http://127.0.0.1:9091/"
