-- The points of all systems, each with its newest value that was taken in (?1, ?2].
SELECT p.id, p.system_id, p.source, p.key, p.unit, p.kind, p.role, p.name, p.position, p.hidden, r.at, r.value
FROM points AS p JOIN point_readings AS r ON r.point_id = p.id AND r.at = (
  SELECT max(n.at) FROM point_readings AS n WHERE n.point_id = p.id AND n.at > ?1 AND n.at <= ?2
)
ORDER BY p.system_id, p.position, p.id
