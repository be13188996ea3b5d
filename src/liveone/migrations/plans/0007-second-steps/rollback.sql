-- Back to passwords alone. The table is set aside by another name, with all its rows.
ALTER TABLE second_steps RENAME TO changeover_second_steps;
