"""From a plan and the journal of its run to the next task, with its limits in time.

Rule: pure. No I/O, no clock: the same plan and journal always give the same task.
"""
