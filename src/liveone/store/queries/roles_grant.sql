-- Give account ?1 the role ?3 on system ?2.
INSERT INTO user_systems (clerk_user_id, system_id, role) VALUES (?1, ?2, ?3)
ON CONFLICT (clerk_user_id, system_id) DO UPDATE SET role = ?3, updated_at = unixepoch()
