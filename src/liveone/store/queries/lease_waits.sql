-- The seconds until each of the systems in ?1 (JSON list) may be polled by somebody else than who polled last,
-- ?2 seconds after that; and who holds it.
SELECT l.system_id, l.polled_at + ?2 - (julianday('now') - 2440587.5) * 86400.0, l.poller, p.name
FROM _liveone_leases AS l LEFT JOIN _liveone_pollers AS p ON p.id = l.poller
WHERE l.system_id IN (SELECT value FROM json_each(?1))
