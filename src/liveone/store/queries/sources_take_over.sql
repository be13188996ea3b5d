-- A system whose readings were imported only takes them from its sources from now on. ?1 system.
UPDATE systems SET vendor_type = 'sources', updated_at = unixepoch() WHERE id = ?1 AND vendor_type = 'none'
