"""Collecting: poll every system on the minute grid, keep every reading, close every day.

Rule: a reading that was accepted is in the database or durably in the spool, and is written once.
"""
