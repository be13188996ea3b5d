"""Writes rows on the copy of a rehearsal, as an application might, and judges what a rollback makes of them.

Rule: everything happens on copies. What the writes cause (triggers, cascades, counters) is read from the
database before and after, row by row, and not guessed from the statements.
"""
