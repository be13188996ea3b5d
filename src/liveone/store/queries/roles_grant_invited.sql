-- Give account ?1 what the invitation ?2 grants, where both are there.
INSERT INTO user_systems (clerk_user_id, system_id, role)
SELECT a.account, c.system_id, c.scope
FROM credentials AS c JOIN accounts AS a ON a.account = ?1
WHERE c.hash = ?2 AND c.kind = 'invite' AND c.system_id IN (SELECT id FROM systems)
