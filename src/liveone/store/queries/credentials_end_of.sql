-- End the credentials of account ?1 whose kinds are in the JSON list ?2, but that with id ?3.
DELETE FROM credentials
WHERE account = ?1 AND kind IN (SELECT value FROM json_each(?2)) AND id <> coalesce(?3, 0)
RETURNING id
