"""Which process polls which system: leases in the database, each with a fencing token.

Rule: wall clocks of two hosts are never compared.
"""
