-- Nobody else lives: no lease is held.
UPDATE _liveone_leases SET poller = NULL WHERE poller IS NOT NULL
