-- The points of system ?1 in the owner's order.
SELECT id, system_id, source, key, unit, kind, role, name, position, hidden
FROM points WHERE system_id = ?1 ORDER BY position, id
