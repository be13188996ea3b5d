"""A table made anew while it is written to: copied beside it, kept up by a log of keys, checked, swapped.

Rule: writers are only ever held by short transactions; state and work move in the same one, so that whoever
is killed at whatever moment leaves a database that is whole, and the next runner goes on or takes it back.
"""
