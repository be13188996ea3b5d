-- End the invitation whose hash is ?1, if account ?2 came of it.
DELETE FROM credentials WHERE hash = ?1 AND EXISTS (SELECT 1 FROM accounts WHERE account = ?2)
