-- A few rows to try the plan on: sqlite3 library.db < schema.sql && sqlite3 library.db < sample.sql
INSERT INTO members (id, name) VALUES (1, 'Ada'), (2, 'Grace'), (3, 'Edsger');
INSERT INTO loans (id, member_id, book, branch, lent_on, returned_on) VALUES
  (1, 1, 'The Art of Electronics', 'north', '2025-07-01', '2025-07-20'),
  (2, 1, 'Gödel, Escher, Bach', 'north', '2025-08-02', NULL),
  (3, 2, 'Pale Fire', 'south', '2025-08-05', NULL),
  (4, 3, 'The Mythical Man-Month', 'south', '2025-08-11', NULL);
INSERT INTO reminders (loan_id, sent_on) VALUES (1, '2025-07-15'), (2, '2025-08-16');
