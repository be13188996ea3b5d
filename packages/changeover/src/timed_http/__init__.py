"""HTTP calls that end within one total deadline, whatever the other side does.

Rule: it knows no protocol above HTTP and no application. The client of libSQL servers and the clients of
inverters both stand on it.
"""
