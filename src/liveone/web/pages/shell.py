"""The HTML of the pages: a template, the reader's language, and a first snapshot, in one answer.

Rule: a page shows its newest values before any script ran, and its scripts need no second answer to begin.
Templates are Jinja2's, and escape what they are given: ``t("key")`` is a message, ``value("name")`` a value
of the snapshot, ``given`` the snapshot itself, ``root`` where LiveOne is on its host, ``base`` where the
files of this release are. ``json`` and the pieces of ``html`` are put in as they are.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import Any

import orjson
from jinja2 import DictLoader, Environment, StrictUndefined
from markupsafe import Markup

from liveone.web.pages.files import FOLDER, StaticFile

DEFAULT_LANGUAGE = "en"
SCRIPT = re.compile(rb'src="\{\{ base \}\}/((?:js|joined)/[^"]+)"')
NOTHING = "–"
TOLD = ("admin.html", "me.html", "welcome.html")
"""Pages on which sentences of the server are read."""


@dataclass(frozen=True)
class PageShell:
    """The templates with everything they need; ``messages`` by language."""

    files: Mapping[str, StaticFile]
    messages: Mapping[str, Mapping[str, str]]
    said: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """By language, what the administrator's page says for the server's own sentences (``liveone.errors``)."""

    @cached_property
    def version(self) -> str:
        """Changes with any file, so that browsers may keep what they have for ever."""
        tags = "".join(f"{name}{file.etag}" for name, file in sorted(self.files.items()))
        return blake2b(tags.encode(), digest_size=6).hexdigest()

    @cached_property
    def base(self) -> str:
        return f"/static/v-{self.version}"

    def language(self, asked: str | None, accepted: str) -> str:
        """The reader's language: what was chosen, else the first of Accept-Language that there is."""
        wanted = [asked or "", *(part.split(";")[0] for part in accepted.split(","))]
        found = [tag.strip().lower().split("-")[0] for tag in wanted]
        return next((tag for tag in found if tag in self.messages), DEFAULT_LANGUAGE)

    def locale(self, language: str, accepted: str) -> str:
        """The reader's own locale where it is of the page's language, as its scripts choose it: ``de-CH``."""
        tags = [part.split(";")[0].strip() for part in accepted.split(",")]
        return next((tag for tag in tags if tag.split("-")[0] == language), language)

    def page(
        self,
        name: str,
        language: str,
        snapshot: Mapping[str, Any],
        values: Mapping[str, str] | None = None,
        cards: Sequence[Mapping[str, Any]] = (),
        *,
        root: str = "",
    ) -> bytes:
        """The page ``name`` with ``snapshot`` for its scripts, ``values`` and ``cards`` to be read at once.

        ``root`` is the path that LiveOne is below, empty at the top of its host.
        """
        messages = self.messages[language]
        about = {"messages": messages, "languages": sorted(self.messages), **snapshot}
        if name in TOLD:
            about["said"] = self.said.get(language, {})
        whole = self._templates.get_template(name).render(
            root=root,
            base=root + self.base,
            lang=language,
            json=Markup(orjson.dumps(about).replace(b"<", b"\\u003c").decode()),
            t=messages.__getitem__,
            value=lambda key: (values or {}).get(key, NOTHING),
            cards=cards,
            given=snapshot,
        )
        return whole.encode()

    @cached_property
    def _templates(self) -> Environment:
        """Each is compiled when it is first asked for, and kept."""
        texts = {name: file.plain.decode() for name, file in self.files.items() if name.endswith(".html")}
        return Environment(
            loader=DictLoader(texts), autoescape=True, undefined=StrictUndefined, keep_trailing_newline=True
        )

    def scripts(self, name: str) -> list[str]:
        """The scripts that a page loads."""
        return [path.decode() for path in SCRIPT.findall(self.files[name].plain)]


def load(files: Mapping[str, StaticFile], folder: Path = FOLDER) -> PageShell:
    """The templates among ``files`` with the message files of the folder."""
    return PageShell(files, _texts(folder / "messages"), _texts(folder / "messages/said"))


def _texts(folder: Path) -> dict[str, dict[str, str]]:
    return {path.stem: orjson.loads(path.read_bytes()) for path in sorted(folder.glob("*.json"))}
