"""The `changeover` command: it reads options, calls the rooms below, prints what came of it.

Rule: nothing is decided here but the words and the exit code.
"""
