-- The newest late span, 0 where there is none.
SELECT coalesce(max(id), 0) FROM _liveone_late
