"""The schema of a database: its catalogue, the meaning of each definition, and differences between two.

Rule: schemas are compared by meaning, never by spelling; the spelling is kept, so that it can be restored.
"""
