-- The library's database as it is today.
CREATE TABLE members (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE loans (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  member_id INTEGER NOT NULL REFERENCES members (id),
  book TEXT NOT NULL,
  branch TEXT NOT NULL,
  lent_on TEXT NOT NULL,
  returned_on TEXT
);
CREATE INDEX loans_by_member ON loans (member_id);
CREATE TABLE reminders (
  loan_id INTEGER NOT NULL REFERENCES loans (id) ON DELETE CASCADE,
  sent_on TEXT NOT NULL,
  PRIMARY KEY (loan_id, sent_on)
);
