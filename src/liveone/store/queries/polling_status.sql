-- System ?1's polling status; of duplicates the row with the smallest id.
SELECT p.system_id, p.last_poll_time, p.last_success_time, p.last_error_time, p.last_error,
       coalesce(p.consecutive_errors, 0), coalesce(p.total_polls, 0), coalesce(p.successful_polls, 0),
       coalesce(p.is_active, 1)
FROM polling_status AS p
WHERE p.id = (SELECT min(id) FROM polling_status WHERE system_id = ?1)
