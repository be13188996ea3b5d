"""The database half of changeover: everything that touches a database, as plain functions over `sqlite3`.

Rule: a connection has ``isolation_level=None``; every write stands in an explicit BEGIN IMMEDIATE that
`change.transaction` opens and ends. Nothing here knows a plan's journal, its steps or its words.

change.apply -> change.proof (a file) or server.apply (a server) -> change.standing, schema.weaker,
change.rows, ledger, lease -> change.rule -> schema.catalogue -> schema.definition, connect
change.apply -> change.transaction -> change.guard, change.culprits
server.apply -> server.judge, server.batch, server.culprits, server.rowids
backup, rehearse, wal, lock and capabilities stand beside them.
"""
