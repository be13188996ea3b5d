-- Successful polls, ?1: JSON [[system_id, polled_at, polls, last_response], ...], one entry a system.
-- Old databases hold duplicate rows for a system: the one with the smallest id is the status.
INSERT INTO polling_status (
  id, system_id, last_poll_time, last_success_time, last_response,
  consecutive_errors, is_active, total_polls, successful_polls, updated_at
)
SELECT (SELECT min(p.id) FROM polling_status AS p WHERE p.system_id = value ->> 0),
       value ->> 0, value ->> 1, value ->> 1, value ->> 3, 0, 1, value ->> 2, value ->> 2, value ->> 1
FROM json_each(?1) WHERE true
ON CONFLICT (id) DO UPDATE SET
  last_response = CASE WHEN excluded.last_poll_time >= coalesce(last_success_time, 0)
                       THEN excluded.last_response ELSE last_response END,
  consecutive_errors = CASE WHEN excluded.last_poll_time >= coalesce(last_poll_time, 0)
                            THEN 0 ELSE consecutive_errors END,
  last_error = CASE WHEN excluded.last_poll_time >= coalesce(last_poll_time, 0) THEN NULL ELSE last_error END,
  last_poll_time = max(coalesce(last_poll_time, 0), excluded.last_poll_time),
  last_success_time = max(coalesce(last_success_time, 0), excluded.last_success_time),
  total_polls = coalesce(total_polls, 0) + excluded.total_polls,
  successful_polls = coalesce(successful_polls, 0) + excluded.successful_polls,
  updated_at = max(coalesce(last_poll_time, 0), excluded.last_poll_time)
