-- The sources of a system, ?1, and what its last poll remembered; old databases hold duplicate rows for a system: the
-- one with the smallest id is the status.
SELECT s.name, s.vendor_type, s.roles, (
         SELECT CASE WHEN json_valid(p.last_response) THEN p.last_response -> '$.memory' END
         FROM polling_status AS p WHERE p.system_id = s.system_id ORDER BY p.id LIMIT 1
       )
FROM sources AS s WHERE s.system_id = ?1
ORDER BY s.id
