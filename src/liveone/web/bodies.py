"""How large a request's body may be: what is larger is refused with 413 before any of it is kept.

A body of unknown length (chunked) is counted as it comes.
"""

import re

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import Message, Receive, Scope

BODY_BYTES_MAX = 64 * 1024
UPLOAD_BYTES_MAX = 1_000_000_000
"""What the paths take that files are sent to. They ask who sends it, then read in pieces."""

PUSH_BYTES_MAX = 1_000_000
PUSHES = re.compile(r"/api/(readings|write|v2/write)")
"""What sources send that send by themselves."""

UPLOADS = re.compile(r"/api/admin/systems/\d{1,20}/import")


def refuse_larger(scope: Scope, receive: Receive) -> Receive:
    """``receive`` for a body that is not too large; else HTTPException 413, at once or when it shows."""
    most = _most(scope["path"])
    stated = Headers(scope=scope).get("content-length", "")
    # isdigit alone takes raised digits as well, which int() refuses; int() of thousands of digits is slow.
    if stated.isascii() and stated.isdigit() and (len(stated) > 15 or int(stated) > most):
        raise too_large(most)
    received = 0

    async def counted() -> Message:
        nonlocal received
        message = await receive()
        # Counted even where a length was stated: an ASGI server need not hold the client to it.
        received += len(message.get("body", b""))
        if received > most:
            raise too_large(most)
        return message

    return counted


def _most(path: str) -> int:
    if UPLOADS.fullmatch(path):
        return UPLOAD_BYTES_MAX
    return PUSH_BYTES_MAX if PUSHES.fullmatch(path) else BODY_BYTES_MAX


def too_large(most: int) -> HTTPException:
    return HTTPException(413, f"The body is too large: at most {most:,} bytes are taken here.")
