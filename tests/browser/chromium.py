"""Which browser tests, benchmarks and pictures use, and what it is started with."""

from pathlib import Path

_PROGRAMS = (Path("/usr/bin/chromium-headless-shell"), Path("/usr/bin/chromium"))

CHROMIUM = next((path for path in _PROGRAMS if path.exists()), _PROGRAMS[0])
"""Debian's Chromium without a window, which opens a page ten times as fast; else the one with windows."""

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
