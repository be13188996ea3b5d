"""Readings that wait for the database: a write-ahead queue on disk, and memory behind it.

Rule: a reading leaves the queue only after its transaction has committed.
"""
