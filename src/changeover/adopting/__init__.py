"""From a prose runbook to a plan: read it in chunks, sort these into phases, turn commands into fences.

Rule: nothing of the runbook is lost. What became something else stands verbatim beside it, in a comment.
"""
