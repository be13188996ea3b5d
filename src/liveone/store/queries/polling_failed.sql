-- Failed polls, ?1: JSON [[system_id, at, polls, error], ...], one entry a system.
-- Old databases hold duplicate rows for a system: the one with the smallest id is the status.
INSERT INTO polling_status (
  id, system_id, last_poll_time, last_error_time, last_error,
  consecutive_errors, is_active, total_polls, successful_polls, updated_at
)
SELECT (SELECT min(p.id) FROM polling_status AS p WHERE p.system_id = s.id), s.id, f.value ->> 1, f.value ->> 1,
       f.value ->> 3, f.value ->> 2, 1, f.value ->> 2, 0, f.value ->> 1
FROM json_each(?1) AS f JOIN systems AS s ON s.id = f.value ->> 0 WHERE true
ON CONFLICT (id) DO UPDATE SET
  last_poll_time = max(coalesce(last_poll_time, 0), excluded.last_poll_time),
  last_error_time = max(coalesce(last_error_time, 0), excluded.last_poll_time),
  last_error = excluded.last_error,
  consecutive_errors = coalesce(consecutive_errors, 0) + excluded.consecutive_errors,
  total_polls = coalesce(total_polls, 0) + excluded.total_polls,
  updated_at = max(coalesce(last_poll_time, 0), excluded.last_poll_time)
