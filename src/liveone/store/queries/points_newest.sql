-- The points of system ?1 in the owner's order, each with its newest value that is not of the future (?2: until when).
SELECT p.id, p.system_id, p.source, p.key, p.unit, p.kind, p.role, p.name, p.position, p.hidden, r.at, r.value
FROM points AS p LEFT JOIN point_readings AS r ON r.point_id = p.id AND r.at = (
  SELECT max(n.at) FROM point_readings AS n WHERE n.point_id = p.id AND n.at <= ?2
)
WHERE p.system_id = ?1 ORDER BY p.position, p.id
