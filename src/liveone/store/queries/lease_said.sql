-- Poller ?1 says what it polled while the database did not hear it: ?2, JSON [[system, seconds ago], ...].
UPDATE _liveone_leases
SET polled_at = max(polled_at, (julianday('now') - 2440587.5) * 86400.0 - unsaid.ago_s), polled_by = ?1
FROM (SELECT value ->> 0 AS system, value ->> 1 AS ago_s FROM json_each(?2)) AS unsaid
WHERE system_id = unsaid.system AND poller = ?1
