-- Whether there ever was an account.
SELECT 1 FROM sqlite_sequence WHERE name = 'accounts' AND seq > 0
