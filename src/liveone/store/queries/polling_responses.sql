-- What the last successful poll of each system answered (JSON text).
SELECT p.system_id, p.last_response
FROM polling_status AS p
WHERE p.last_response IS NOT NULL
  AND p.id = (SELECT min(id) FROM polling_status WHERE system_id = p.system_id)
