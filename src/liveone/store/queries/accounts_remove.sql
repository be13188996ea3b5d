-- Remove account ?1.
DELETE FROM accounts WHERE account = ?1 RETURNING account
