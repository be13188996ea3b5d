"""The certificates that this machine trusts, read once for each process.

Rule: reading them takes 80 ms of CPU and a megabyte, more than a hundred requests to a server nearby take; so
every client shares one context, those that speak plain HTTP included (their library wants one all the same).
"""

import os
import ssl
from functools import cache

from httpcore2 import default_ssl_context


def trusted() -> ssl.SSLContext:
    """A client's TLS context; ``SSL_CERT_FILE`` and ``SSL_CERT_DIR`` are heeded as they are now."""
    return _read(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))


@cache
def _read(_file: str | None, _folder: str | None) -> ssl.SSLContext:
    return default_ssl_context()
