"""A client of libSQL servers (`sqld`, Turso): Hrana 3 over HTTP, every call within one total deadline.

Rule: it knows no application. Its errors say whether the server may have acted (`errors`); what to do about
it is said by who calls.
"""
