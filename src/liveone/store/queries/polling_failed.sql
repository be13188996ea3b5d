-- A failed poll of system ?1 at ?2, because of ?3. Old databases hold duplicates: the smallest id counts.
INSERT INTO polling_status (
  id, system_id, last_poll_time, last_error_time, last_error,
  consecutive_errors, is_active, total_polls, successful_polls, updated_at
)
SELECT (SELECT min(p.id) FROM polling_status AS p WHERE p.system_id = ?1), s.id, ?2, ?2, ?3, 1, 1, 1, 0, ?2
FROM systems AS s WHERE s.id = ?1
ON CONFLICT (id) DO UPDATE SET
  last_poll_time = max(coalesce(last_poll_time, 0), ?2),
  last_error_time = max(coalesce(last_error_time, 0), ?2),
  last_error = ?3,
  consecutive_errors = coalesce(consecutive_errors, 0) + 1,
  total_polls = coalesce(total_polls, 0) + 1,
  updated_at = max(coalesce(last_poll_time, 0), ?2)
