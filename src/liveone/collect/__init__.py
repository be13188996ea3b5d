"""Collecting: polls every system on the minute grid, keeps every reading, closes every day.

Rule: a reading that was accepted is in the database, or durable in the queue, and is written once.
"""
