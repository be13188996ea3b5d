"""The database half of changeover: everything that touches a database, as plain functions over `sqlite3`.

Rule: a connection has ``isolation_level=None``; every write stands in an explicit BEGIN IMMEDIATE that
`transaction.transact` opens and ends. Nothing here knows a plan's journal, its steps or its words.

migrate -> proof -> blast, invariants, rows, sequences, ledger, lease -> schema, fingerprint -> connect, names
migrate -> transaction -> guard
backup, restore, space, wal, compare, writes, kept, lock, probe and strategies stand beside them.
"""
