"""The same change against a database on a libSQL server: judged in a local shadow, sent as one batch.

Rule: every request can lose its answer. What became of a change is read from its ledger row, never guessed.
"""
