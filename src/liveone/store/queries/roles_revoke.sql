-- Take account ?1's role on system ?2.
DELETE FROM user_systems WHERE clerk_user_id = ?1 AND system_id = ?2
