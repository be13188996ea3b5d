INSERT INTO branches (code, name)
SELECT value, key FROM json_each(:branch) WHERE key IN (SELECT branch FROM loans);

CREATE TABLE loans_new (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  member_id INTEGER NOT NULL REFERENCES members (id),
  book TEXT NOT NULL,
  branch_code TEXT NOT NULL REFERENCES branches (code),
  lent_on TEXT NOT NULL,
  due_on TEXT NOT NULL,
  returned_on TEXT
);

INSERT INTO loans_new (id, member_id, book, branch_code, lent_on, due_on, returned_on)
SELECT l.id, l.member_id, l.book, b.code, l.lent_on, date(l.lent_on, '+28 days'), l.returned_on
FROM loans l JOIN branches b ON b.name = l.branch;

DROP TABLE loans;
ALTER TABLE loans_new RENAME TO loans;
CREATE INDEX loans_by_member ON loans (member_id);
