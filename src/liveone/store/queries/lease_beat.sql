-- Poller ?1, called ?2, is alive.
INSERT INTO _liveone_pollers (id, name, began_at, seen_at, beats)
SELECT ?1, ?2, now, now, 1 FROM (SELECT (julianday('now') - 2440587.5) * 86400.0 AS now) WHERE true
ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at, beats = beats + 1
