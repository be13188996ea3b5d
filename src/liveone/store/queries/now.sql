-- The database's clock, for created_at.
SELECT unixepoch()
