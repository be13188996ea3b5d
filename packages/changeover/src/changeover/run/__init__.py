"""Carries out what the engine decides: rehearsal, run, resume, rollback and finish, each under a lease.

Rule: every task is written to the journal, on disk, before it begins and after it has ended.
"""
