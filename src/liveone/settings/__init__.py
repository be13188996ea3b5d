"""Settings of an installation: the TOML file, the environment, and the watch over files that may change.

Rule: read once into frozen values; a bad setting names the file, the key and what would be right.
"""
