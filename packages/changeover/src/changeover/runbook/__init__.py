"""`adopt`: a prose runbook becomes a plan; chunks are sorted into phases, commands become blocks.

Rule: nothing of the runbook is lost. What became something else stands verbatim beside it, in a comment.
"""
