-- The readings that change ?1 brings in this transaction: from ?2 to ?3, at the times ?4 as in schema_changes.sql.
INSERT INTO _liveone_changes_keys (change_id, first_at, last_at, times) VALUES (?1, ?2, ?3, ?4)
