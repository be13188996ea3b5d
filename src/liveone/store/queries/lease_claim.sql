-- Poller ?1 is about to poll the systems in ?2 (JSON list); granted where it holds the lease and either polled
-- last itself, or nobody did in the last ?3 seconds. A poll in the far future was noted by another clock.
UPDATE _liveone_leases SET polled_at = (julianday('now') - 2440587.5) * 86400.0, polled_by = ?1
WHERE poller = ?1 AND system_id IN (SELECT value FROM json_each(?2))
  AND (polled_by = ?1 OR abs((julianday('now') - 2440587.5) * 86400.0 - polled_at) >= ?3)
RETURNING system_id
