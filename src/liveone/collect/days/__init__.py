"""Closing local days, by one process at a time.

Rule: a closed day can always be computed again from its readings.
"""
