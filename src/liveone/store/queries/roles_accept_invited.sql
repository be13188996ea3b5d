-- Give account ?1 what the invitation with hash ?2, unexpired at ?3, grants.
INSERT INTO user_systems (clerk_user_id, system_id, role)
SELECT a.account, c.system_id, c.scope
FROM credentials AS c JOIN accounts AS a ON a.account = ?1
WHERE c.hash = ?2 AND c.kind = 'invite' AND c.until_at > ?3 AND c.system_id IN (SELECT id FROM systems)
ON CONFLICT (clerk_user_id, system_id) DO UPDATE SET role = excluded.role, updated_at = unixepoch()
RETURNING system_id
