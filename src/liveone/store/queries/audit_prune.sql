-- Forget entries from before ?1.
DELETE FROM audit_entries WHERE at < ?1
