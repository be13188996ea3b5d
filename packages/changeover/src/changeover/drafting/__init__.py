"""`changeover new`: from the schema that is and the schema that is wanted, a plan to begin with.

Rule: SQLite itself tells whether a cheap way arrives at what is wanted; what only a person knows is a line to
decide, never a guess; what the way back cannot compute is kept in a ``changeover_...`` table.
"""
