-- Whether system ?1 is polled: ?2 is 1 or 0.
INSERT INTO polling_status (id, system_id, consecutive_errors, is_active, total_polls, successful_polls, updated_at)
SELECT (SELECT min(p.id) FROM polling_status AS p WHERE p.system_id = ?1), s.id, 0, ?2, 0, 0, unixepoch()
FROM systems AS s WHERE s.id = ?1
ON CONFLICT (id) DO UPDATE SET is_active = ?2, updated_at = unixepoch()
