"""From a prose runbook to a plan: read it in chunks, sort them into phases, turn commands into fences, write it.

Rule: nothing of the runbook is lost. What is turned into something else stands verbatim beside it, in a comment.
"""
