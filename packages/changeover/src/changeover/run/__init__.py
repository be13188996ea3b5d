"""Carries out what the engine decides: rehearsal, run, resume, rollback and finish, each under a lease.

Rule: every task is written to the journal, on disk, before it is begun and after it has ended.
"""
