"""Readings that sources send by themselves: what they may say, in JSON or line protocol. Pure."""
