"""The files of the pages: read once, compressed when first asked for; all of them lie in ``static/``.

Beside every page's module, ``js/pages/<page>.js``, there is ``joined/<page>.js`` with all that it imports.
"""

import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from hashlib import blake2b
from pathlib import Path
from types import MappingProxyType

import orjson
from fastapi import Request, Response

from liveone.web.answers import client_has
from liveone.web.pages.joined_script import joined

FOLDER = Path(__file__).parents[1] / "static"
PAGES = "js/pages/"
MANIFEST = "app.webmanifest"
PLACES = ("id", "start_url", "scope", "url")
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webmanifest": "application/manifest+json",
}


@dataclass(frozen=True)
class StaticFile:
    """One file, plain and compressed."""

    plain: bytes
    etag: str
    media_type: str

    @cached_property
    def zipped(self) -> bytes:
        return gzip.compress(self.plain, 9, mtime=0)


@cache
def load(folder: Path = FOLDER) -> Mapping[str, StaticFile]:
    """Every file of the folder by its path in it; what is there when it is asked for first."""
    found = sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix in TYPES)
    loaded = {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}
    loaded |= _joined({name: content.decode() for name, content in loaded.items() if name.endswith(".js")})
    return MappingProxyType({name: _file(content, Path(name).suffix) for name, content in loaded.items()})


def below(root: str, manifest: StaticFile) -> StaticFile:
    """The web app manifest of LiveOne below a path of its host: what stands for the app carries the path."""
    about = orjson.loads(manifest.plain)
    for one in (about, *about["shortcuts"]):
        one |= {key: root + one[key] for key in PLACES if key in one}
    return _file(orjson.dumps(about), ".webmanifest")


def _joined(scripts: dict[str, str]) -> dict[str, bytes]:
    pages = [name for name in scripts if name.startswith(PAGES)]
    return {f"joined/{name.removeprefix(PAGES)}": joined(scripts, name).encode() for name in pages}


def respond(request: Request, file: StaticFile) -> Response:
    """The file, or 304 when the browser has it. Browsers ask each time, so a new release shows at once."""
    headers = {"etag": file.etag, "cache-control": "no-cache", "vary": "accept-encoding"}
    if client_has(request, file.etag):
        return Response(status_code=304, headers=headers)
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers["content-encoding"] = "gzip"
        return Response(file.zipped, headers=headers, media_type=file.media_type)
    return Response(file.plain, headers=headers, media_type=file.media_type)


def _file(content: bytes, suffix: str) -> StaticFile:
    tag = blake2b(content, digest_size=12).hexdigest()
    return StaticFile(content, f'"{tag}"', TYPES[suffix])
