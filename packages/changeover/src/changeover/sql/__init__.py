"""SQL as text: tokens, statements, identifiers and syntax trees - the one home of each.

Rule: nothing here opens a database.
"""
