"""Polls: when a system is asked, asking it, and keeping what it answered.

Rule: a system is never polled twice at a time.
"""
