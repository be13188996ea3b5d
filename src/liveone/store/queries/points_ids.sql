-- The points of the systems ?1 (JSON ids): system, source, key, unit, id.
SELECT p.system_id, p.source, p.key, p.unit, p.id
FROM json_each(?1) AS asked CROSS JOIN points AS p ON p.system_id = asked.value
