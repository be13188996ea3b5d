"""Rules of a plan that need more than the plan: what its commands would do outside the engine.

Rule: a rule yields problems and touches nothing; a false alarm has a comment that says that it is meant.
"""
