-- Every poller, and how often it has shown itself.
SELECT id, name, beats FROM _liveone_pollers
