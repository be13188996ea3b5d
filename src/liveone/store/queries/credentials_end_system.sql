-- End the share links and invitations to system ?1.
DELETE FROM credentials WHERE system_id = ?1
