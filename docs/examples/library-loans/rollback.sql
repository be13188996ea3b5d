-- Due dates that somebody changed by hand: the old table has no place for them.
CREATE TABLE IF NOT EXISTS changeover_due_dates (id INTEGER, due_on TEXT NOT NULL);
INSERT INTO changeover_due_dates (id, due_on)
SELECT id, due_on FROM loans WHERE due_on <> date(lent_on, '+28 days');

CREATE TABLE loans_old (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  member_id INTEGER NOT NULL REFERENCES members (id),
  book TEXT NOT NULL,
  branch TEXT NOT NULL,
  lent_on TEXT NOT NULL,
  returned_on TEXT
);

INSERT INTO loans_old (id, member_id, book, branch, lent_on, returned_on)
SELECT l.id, l.member_id, l.book, coalesce(b.name, l.branch_code), l.lent_on, l.returned_on
FROM loans l LEFT JOIN branches b ON b.code = l.branch_code;

DROP TABLE loans;
ALTER TABLE loans_old RENAME TO loans;
CREATE INDEX loans_by_member ON loans (member_id);
