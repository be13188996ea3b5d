"""Who is asking, and what they may see: sessions, tokens, passwords, throttled guesses.

Rule: whoever has no right to a system gets the answer of a system that does not exist.
"""
