"""The files of the pages: read once, compressed when first asked for; all of them lie in ``static/``."""

import gzip
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from pathlib import Path

from fastapi import Request, Response

FOLDER = Path(__file__).parent / "static"
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webmanifest": "application/manifest+json",
}


@dataclass(frozen=True)
class File:
    """One file, plain and compressed."""

    plain: bytes
    etag: str
    media_type: str

    @cached_property
    def zipped(self) -> bytes:
        return gzip.compress(self.plain, 9, mtime=0)


def load(folder: Path = FOLDER) -> dict[str, File]:
    """Every file of the folder by its path in it."""
    found = sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix in TYPES)
    return {path.relative_to(folder).as_posix(): _file(path) for path in found}


def respond(request: Request, file: File) -> Response:
    """The file, or 304 when the browser has it. Browsers ask each time, so a new release shows at once."""
    headers = {"etag": file.etag, "cache-control": "no-cache", "vary": "accept-encoding"}
    if request.headers.get("if-none-match") == file.etag:
        return Response(status_code=304, headers=headers)
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers["content-encoding"] = "gzip"
        return Response(file.zipped, headers=headers, media_type=file.media_type)
    return Response(file.plain, headers=headers, media_type=file.media_type)


def _file(path: Path) -> File:
    content = path.read_bytes()
    tag = blake2b(content, digest_size=12).hexdigest()
    return File(content, f'"{tag}"', TYPES[path.suffix])
