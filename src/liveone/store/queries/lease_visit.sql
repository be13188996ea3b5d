-- Somebody without leases (?1) is about to poll the systems in ?2 (JSON list); granted where no living poller
-- holds the lease and nobody polled in the last ?3 seconds. Not seen for ?4 seconds is dead, and so is who was
-- seen in the future: the clock was set back, or the database restored elsewhere.
INSERT INTO _liveone_leases (system_id, poller, since_at, polled_at, polled_by)
SELECT asked.value, NULL, now, now, ?1
FROM json_each(?2) AS asked, (SELECT (julianday('now') - 2440587.5) * 86400.0 AS now) WHERE true
ON CONFLICT (system_id) DO UPDATE SET polled_at = excluded.polled_at, polled_by = ?1
WHERE (polled_at <= excluded.polled_at - ?3 OR polled_at > excluded.polled_at + ?4)
  AND (poller IS NULL OR poller NOT IN (
        SELECT id FROM _liveone_pollers WHERE abs(excluded.polled_at - seen_at) < ?4
      ))
RETURNING system_id
