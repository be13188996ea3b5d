"""Actions: one module for each kind of block in a plan.

Rule: an action either does what the plan says and returns a `Result`, or raises a ChangeoverError that says
expected and found. It never decides what comes next; that is the engine's.
"""
