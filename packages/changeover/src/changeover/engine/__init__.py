"""Decides the next task from a plan and the journal of its run, and the time limits of tasks.

Rule: pure. No I/O, no clock: the same plan and journal always give the same task.
"""
