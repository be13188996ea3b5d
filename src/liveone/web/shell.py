"""The HTML of the pages: a template, the reader's language, and a first snapshot, in one answer.

Rule: a page shows its newest values before any script ran, and its scripts need no second answer to begin.
Placeholders: ``{{t:key}}`` a message, ``{{v:name}}`` a value of the snapshot, ``{{base}}`` where the files
of this release are, ``{{lang}}``, ``{{preload}}`` and ``{{json}}``.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from html import escape
from pathlib import Path
from typing import Any

import orjson

from liveone.web.files import FOLDER, File

DEFAULT_LANGUAGE = "en"
PLACEHOLDER = re.compile(rb"\{\{(\w+)(?::([\w.]+))?\}\}")
IMPORT = re.compile(rb'^(?:import|export)\s(?:[\w\s{},*]*from\s)?"(\./|\.\./)([^"]+)"', re.MULTILINE)
SCRIPT = re.compile(rb'src="\{\{base\}\}/(js/[^"]+)"')
NOTHING = "–"


@dataclass(frozen=True)
class Shell:
    """The templates with everything they need; ``messages`` by language."""

    files: Mapping[str, File]
    messages: Mapping[str, Mapping[str, str]]

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

    def page(
        self, name: str, language: str, snapshot: Mapping[str, Any], values: Mapping[str, str] | None = None
    ) -> bytes:
        """The page ``name`` with ``snapshot`` for its scripts and ``values`` (text) to be read at once."""
        template = self.files[name].plain
        messages = self.messages[language]
        about = {"messages": messages, "languages": sorted(self.messages), **snapshot}
        whole = {
            "base": self.base.encode(),
            "lang": language.encode(),
            "preload": self._preloads(template),
            "json": orjson.dumps(about).replace(b"<", b"\\u003c"),
        }

        def fill(match: re.Match[bytes]) -> bytes:
            kind, key = match[1].decode(), (match[2] or b"").decode()
            if kind == "t":
                return escape(messages[key]).encode()
            if kind == "v":
                return escape((values or {}).get(key, NOTHING)).encode()
            return whole[kind]

        return PLACEHOLDER.sub(fill, template)

    def modules(self, name: str) -> list[str]:
        """Every module that a page loads, the page's own first."""
        return self._modules(self.files[name].plain)

    def _preloads(self, template: bytes) -> bytes:
        links = [f'<link rel="modulepreload" href="{self.base}/{path}">' for path in self._modules(template)]
        return "\n".join(links).encode()

    def _modules(self, template: bytes) -> list[str]:
        found: list[str] = []
        waiting = [path.decode() for path in SCRIPT.findall(template)]
        while waiting:
            path = waiting.pop(0)
            if path not in found:
                found.append(path)
                waiting += _imports(path, self.files[path].plain)
        return found


def load(files: Mapping[str, File], folder: Path = FOLDER) -> Shell:
    """The templates among ``files`` with the message files of the folder."""
    texts = {path.stem: orjson.loads(path.read_bytes()) for path in sorted(folder.glob("messages/*.json"))}
    return Shell(files, texts)


def _imports(path: str, source: bytes) -> list[str]:
    """The modules that one imports, as paths below the static folder."""
    here = Path("/") / Path(path).parent
    return [
        str((here / (dots + rest).decode()).resolve()).lstrip("/") for dots, rest in IMPORT.findall(source)
    ]
