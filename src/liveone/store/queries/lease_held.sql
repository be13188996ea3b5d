-- Who polls what, since how many seconds, and how long ago it showed itself; a poller that was not seen for two
-- minutes polls nothing.
SELECT l.system_id, p.name, (julianday('now') - 2440587.5) * 86400.0 - l.since_at,
  (julianday('now') - 2440587.5) * 86400.0 - p.seen_at
FROM _liveone_leases AS l JOIN _liveone_pollers AS p ON p.id = l.poller
WHERE p.seen_at > (julianday('now') - 2440587.5) * 86400.0 - 120
