"""Pure computation: no I/O, no clock, no logging."""
