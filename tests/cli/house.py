"""A LiveOne of its own in a folder, with a simulated portal behind it, driven by its command."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from click.testing import CliRunner, Result

from liveone.cli.root import root
from liveone.simulate.portal import Portal
from liveone.simulate.run import PortalOptions, make_portal

ACCOUNT = """
[[vendor]]
name = "home"
type = "select.live"
url = "{url}"
email = "{email}"
timeout_s = 3.0
"""


@dataclass(frozen=True)
class House:
    """``run`` is the `liveone` command with this folder's settings."""

    folder: Path
    portal: Portal

    def run(self, *words: str, text: str | None = None) -> Result:
        return CliRunner().invoke(root, ["--config", str(self.folder / "liveone.toml"), *words], input=text)

    def ok(self, *words: str, text: str | None = None) -> str:
        done = self.run(*words, text=text)
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        assert done.exit_code == 0, done.output
        return done.output


@contextmanager
def built(folder: Path) -> Iterator[House]:
    """`liveone init` has run, and an account at a running portal is configured."""
    since = datetime.now(UTC) - timedelta(days=2)
    options = PortalOptions(hiccup=False, since_day=since.date().isoformat())
    with make_portal(options) as portal:
        house = House(folder, portal)
        assert CliRunner().invoke(root, ["init", str(folder)]).exit_code == 0
        settings = folder / "liveone.toml"
        settings.write_text(settings.read_text() + ACCOUNT.format(url=portal.url, email=options.email))
        secrets = folder / "secrets.toml"
        secrets.write_text(secrets.read_text() + f'[vendor.home]\npassword = "{options.password}"\n')
        yield house
