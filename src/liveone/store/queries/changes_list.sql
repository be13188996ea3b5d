-- All changes, newest first; ?1 is a system's id, or NULL for all systems.
SELECT id, system_id, kind, source, made_by, began_at, ended_at, from_at, to_at, fields, first_at, last_at,
       offered, added, set_aside, undone_at, undone_by
FROM _liveone_changes WHERE ?1 IS NULL OR system_id = ?1
ORDER BY id DESC
