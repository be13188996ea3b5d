"""One plan on many databases: `run` on a sample first, then in waves; `rollback`, `finish` and `status` too.

Rule: each database keeps its own state and backup; shared are the list of files and the limit of failures.
What is so already is left alone, so the same command again goes on where it was stopped.
"""
