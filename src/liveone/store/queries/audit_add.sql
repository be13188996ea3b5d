-- Enter that ?2 did ?3 about ?4 from ?5 at ?1.
INSERT INTO audit_entries (at, who, what, about, address) VALUES (?1, ?2, ?3, ?4, ?5)
