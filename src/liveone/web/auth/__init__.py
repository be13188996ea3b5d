"""Who is asking, and what they may see: sessions, tokens, passwords, throttled guesses.

Rule: a caller without a right to a system gets the same answer as for a system that does not exist.
"""
