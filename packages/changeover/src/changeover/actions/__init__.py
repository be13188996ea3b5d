"""The hands of changeover: one module for each kind of thing that a plan does.

Rule: an action either does what the plan says and returns a `Result`, or raises a ChangeoverError that says
expected and found. It never decides what comes next; that is the engine's.
"""
