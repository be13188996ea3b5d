-- The later changes, not undone, that rest on change ?1: they took away or altered what it brought or altered, or brought
-- readings where those it took away would stand.
WITH later (id) AS (
  SELECT c.id FROM _liveone_changes AS c JOIN _liveone_changes AS this ON this.id = ?1
  WHERE c.id > ?1 AND c.system_id = this.system_id AND c.undone_at IS NULL
), brought (change_id, at) AS (
  SELECT k.change_id, sum(step.value) OVER (PARTITION BY k.id ORDER BY step.key)
  FROM _liveone_changes_keys AS k CROSS JOIN json_each(k.times) AS step
  WHERE (k.change_id = ?1 AND EXISTS (
    SELECT 1 FROM later CROSS JOIN _liveone_changes_aside AS s
      ON s.change_id = later.id AND s.inverter_time BETWEEN +k.first_at AND +k.last_at
  )) OR (k.change_id IN (SELECT id FROM later) AND EXISTS (
    SELECT 1 FROM _liveone_changes_aside AS s
    WHERE s.change_id = ?1 AND s.inverter_time BETWEEN +k.first_at AND +k.last_at
  ))
)
SELECT s.change_id FROM later CROSS JOIN _liveone_changes_aside AS s ON s.change_id = later.id
WHERE s.inverter_time IN (SELECT at FROM brought WHERE change_id = ?1)
  OR EXISTS (SELECT 1 FROM _liveone_changes_aside AS o WHERE o.change_id = ?1 AND o.inverter_time = s.inverter_time)
UNION
SELECT change_id FROM brought
WHERE change_id > ?1 AND at IN (SELECT inverter_time FROM _liveone_changes_aside WHERE change_id = ?1)
ORDER BY 1 DESC
