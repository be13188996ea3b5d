"""One plan on many databases: a sample rehearsed, then waves, with one summary and one report.

Rule: each database keeps its own state and backup; shared are the list of files
and the limit of failures.
"""
