"""What can be said of a plan without running it.

Rule: a rule yields problems and changes nothing; scripts are tried on empty copies of a schema only. A false
alarm has a comment in the plan that says that it is meant.
"""
