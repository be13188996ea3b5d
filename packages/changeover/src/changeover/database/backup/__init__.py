"""Copies of a database that are proven before they count, and the way back from one.

Rule: a file with the name of a backup is whole. A copy under way has another name.
"""
