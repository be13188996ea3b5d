"""What a database is made of: its catalogue, what each definition means, and how two schemas differ.

Rule: schemas are compared by meaning, never by spelling; the spelling is kept to be restored.
"""
