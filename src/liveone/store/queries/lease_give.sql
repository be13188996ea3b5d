-- Poller ?1 gives back the systems in ?2 (JSON list). Those in ?3 it polled without saying so: they count as
-- polled now.
UPDATE _liveone_leases SET
  poller = NULL,
  polled_at = CASE WHEN system_id IN (SELECT value FROM json_each(?3)) THEN (julianday('now') - 2440587.5) * 86400.0 ELSE polled_at END
WHERE poller = ?1 AND system_id IN (SELECT value FROM json_each(?2))
