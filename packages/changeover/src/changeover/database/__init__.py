"""The database half of changeover: everything that touches a database, as plain functions over `sqlite3`.

Rule: a connection has ``isolation_level=None``; every write stands in an explicit BEGIN IMMEDIATE that
`transaction.transact` opens and ends. Nothing here knows a plan's journal, its steps or its words.

migrate -> proof (a file) or served (a server) -> standing, weaker, rows, ledger, lease -> rule -> schema
-> definition, connect, names
migrate -> transaction -> guard, culprits
backup, restore, space, wal, compare, lock, probe and strategies stand beside them.
"""
