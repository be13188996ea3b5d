-- Enters a change: system ?1, kind ?2, source ?3, by ?4, from ?5, to ?6, fields ?7 (JSON names); gives its id.
INSERT INTO _liveone_changes (system_id, kind, source, made_by, began_at, from_at, to_at, fields)
VALUES (?1, ?2, ?3, ?4, unixepoch(), ?5, ?6, ?7)
RETURNING id
