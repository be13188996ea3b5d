-- Forget credentials that had ended by ?1.
DELETE FROM credentials WHERE until_at <= ?1
