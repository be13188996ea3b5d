-- Poller ?1 gives back the systems in ?2 (JSON list).
UPDATE _liveone_leases SET poller = NULL
WHERE poller = ?1 AND system_id IN (SELECT value FROM json_each(?2))
