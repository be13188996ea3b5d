-- Nobody else lives.
DELETE FROM _liveone_pollers
