-- Every role of an account on a system; owning comes last, so that it holds.
SELECT u.clerk_user_id, u.system_id, u.role FROM user_systems AS u
UNION ALL
SELECT s.owner_clerk_user_id, s.id, 'owner' FROM systems AS s WHERE s.owner_clerk_user_id IS NOT NULL
