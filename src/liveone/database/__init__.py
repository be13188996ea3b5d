"""The configured database as a whole: opened, taken over from an older LiveOne, backed up, put back.

Rule: the rows themselves are the business of `liveone.store`.
"""
