"""The driver for a libSQL server (`sqld`, Turso): the same Database over HTTP, one round trip a call."""
