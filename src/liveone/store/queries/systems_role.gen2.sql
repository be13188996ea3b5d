-- The role of account ?1 on system ?2; owning comes before any other role.
SELECT 'owner' FROM systems AS s WHERE s.id = ?2 AND s.owner_clerk_user_id = ?1
UNION ALL
SELECT u.role FROM user_systems AS u WHERE u.system_id = ?2 AND u.clerk_user_id = ?1
