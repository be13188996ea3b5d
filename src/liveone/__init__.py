"""LiveOne: a self-hosted live monitor for solar, battery and grid systems."""

__version__ = "0.1.0"
