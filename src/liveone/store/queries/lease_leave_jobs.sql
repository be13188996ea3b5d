-- Whatever ?1 does, others may do from now on.
UPDATE _liveone_jobs SET until_at = 0 WHERE holder = ?1
