"""A rehearsal's own rows: what an application might write after the change, and what a way back makes of it.

Rule: everything happens on copies. What the writes set off (triggers, cascades, counters) is read from the
database itself, row by row before and after, and not guessed from the statements.
"""
