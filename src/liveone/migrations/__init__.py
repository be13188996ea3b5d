"""The shipped plans, and LiveOne's side of running them by changeover.

Rule: a shipped plan never changes once it was released.
"""
