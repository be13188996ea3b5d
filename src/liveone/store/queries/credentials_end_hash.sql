-- End the credential whose hash is ?1.
DELETE FROM credentials WHERE hash = ?1 RETURNING id
