-- Every poller, and how long ago it was seen.
SELECT id, name, beats, (julianday('now') - 2440587.5) * 86400.0 - seen_at FROM _liveone_pollers
