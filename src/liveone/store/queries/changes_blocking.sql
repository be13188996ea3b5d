-- The later changes, not undone, that rest on change ?1: they took away or altered what it brought, or brought
-- readings where those it took away would stand.
SELECT DISTINCT c.id FROM _liveone_changes AS c
JOIN _liveone_changes_aside AS s ON s.change_id = c.id
WHERE c.id > ?1 AND c.undone_at IS NULL AND c.system_id = (SELECT system_id FROM _liveone_changes WHERE id = ?1) AND (
  s.reading_id <= coalesce((
    SELECT a.last_id FROM _liveone_changes_added AS a
    WHERE a.change_id = ?1 AND a.first_id <= s.reading_id ORDER BY a.first_id DESC LIMIT 1), 0)
  OR EXISTS (SELECT 1 FROM _liveone_changes_aside AS o WHERE o.reading_id = s.reading_id AND o.change_id = ?1))
UNION
SELECT c.id FROM _liveone_changes_aside AS s
JOIN readings AS r ON r.system_id = s.system_id AND r.inverter_time = s.inverter_time AND r.id <> s.reading_id
JOIN _liveone_changes_added AS a ON r.id BETWEEN a.first_id AND a.last_id
JOIN _liveone_changes AS c ON c.id = a.change_id
WHERE s.change_id = ?1 AND a.change_id > ?1 AND c.undone_at IS NULL
ORDER BY 1 DESC
