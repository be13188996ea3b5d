-- Which of the tables of accounts and of their second steps there are, whosever they are.
SELECT lower(name) FROM sqlite_schema WHERE type = 'table' AND lower(name) IN ('accounts', 'second_steps')
