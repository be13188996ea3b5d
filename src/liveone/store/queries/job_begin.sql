-- ?2 does the job ?1 for the next ?3 seconds, unless somebody else does; a promise beyond twice that long was
-- made by another clock and counts for nothing.
INSERT INTO _liveone_jobs (name, holder, until_at)
VALUES (?1, ?2, (julianday('now') - 2440587.5) * 86400.0 + ?3)
ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until_at = excluded.until_at
WHERE holder = excluded.holder OR until_at <= excluded.until_at - ?3 OR until_at > excluded.until_at + ?3
RETURNING holder
