"""Devices that are described by a map of their registers: a file of TOML a device (``devices``), and no
code."""
