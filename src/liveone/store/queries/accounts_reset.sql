-- Give account ?1 the password ?2, with the unexpired link ?3.
UPDATE accounts SET password_hash = ?2
WHERE account = ?1
  AND EXISTS (SELECT 1 FROM credentials WHERE hash = ?3 AND kind = 'reset' AND account = ?1 AND until_at > ?4)
RETURNING account
