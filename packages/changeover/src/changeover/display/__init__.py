"""What a person, or a program, sees while a run goes on.

Rule: it reads the plan and the journal and decides nothing.
"""
