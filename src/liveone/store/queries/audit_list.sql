-- The newest ?1 entries before entry ?2, of ?3 alone where it is given.
SELECT id, at, who, what, about, address FROM audit_entries
WHERE id < ?2 AND (?3 IS NULL OR who = ?3)
ORDER BY id DESC LIMIT ?1
