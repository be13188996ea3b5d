-- Whether there is a table of accounts, whosever it is.
SELECT 1 FROM sqlite_schema WHERE type = 'table' AND lower(name) = 'accounts'
