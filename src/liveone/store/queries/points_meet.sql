-- Makes the points of ?1 that are not there yet, behind those that are, up to ?2 of a system; those of systems that are
-- gone stay away. ?1: JSON [[system_id, source, key, unit, kind, role, name], ...].
INSERT INTO points (system_id, source, key, unit, kind, role, name, position)
SELECT system_id, source, key, unit, kind, role, name, place + there
FROM (
  SELECT value ->> 0 AS system_id, value ->> 1 AS source, value ->> 2 AS key, value ->> 3 AS unit, value ->> 4 AS kind,
         value ->> 5 AS role, value ->> 6 AS name,
         row_number() OVER (PARTITION BY value ->> 0 ORDER BY asked.key) AS place,
         (SELECT count(*) FROM points AS p WHERE p.system_id = value ->> 0) AS there
  FROM json_each(?1) AS asked
)
WHERE place + there <= ?2 AND system_id IN (SELECT id FROM systems)
ON CONFLICT (system_id, source, key, unit) DO NOTHING
