-- Poller ?1 takes the systems in ?2 (JSON list) that nobody holds, or one of the dead in ?3: JSON
-- [[id, beats, was heard], ...], each only while it has not shown itself again. What a dead one held, or (?4 = 1)
-- what somebody may have polled without leases, counts as polled ?5 seconds ago by ?6: it may have gone on so long.
-- A dead one that was heard until it fell silent polls a system that it polled itself again after ?7 to ?8
-- seconds, so it has not polled it again before, and only once.
INSERT INTO _liveone_leases (system_id, poller, since_at, polled_at, polled_by)
SELECT asked.value, ?1, now, CASE ?4 WHEN 1 THEN now - ?5 ELSE 0 END, ?6
FROM json_each(?2) AS asked, (SELECT (julianday('now') - 2440587.5) * 86400.0 AS now) WHERE true
ON CONFLICT (system_id) DO UPDATE SET
  poller = ?1,
  since_at = excluded.since_at,
  polled_at = CASE
    WHEN poller IS NULL AND ?4 = 0 THEN polled_at
    WHEN ?4 = 1 OR polled_by IS NOT poller
      OR poller NOT IN (SELECT value ->> 0 FROM json_each(?3) WHERE value ->> 2)
      THEN max(polled_at, excluded.since_at - ?5)
    WHEN polled_at + ?7 > excluded.since_at - ?5 THEN polled_at
    ELSE max(polled_at, min(polled_at + ?8, excluded.since_at - ?5)) END,
  polled_by = CASE WHEN poller IS NULL AND ?4 = 0 THEN polled_by ELSE ?6 END
WHERE poller IS NULL
   OR poller NOT IN (SELECT id FROM _liveone_pollers)
   OR poller IN (
        SELECT p.id FROM json_each(?3) AS dead JOIN _liveone_pollers AS p
          ON p.id = dead.value ->> 0 AND p.beats = dead.value ->> 1
      )
RETURNING system_id
