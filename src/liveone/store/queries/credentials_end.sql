-- End credential ?1.
DELETE FROM credentials WHERE id = ?1 RETURNING id
