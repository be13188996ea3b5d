"""A notes application with everything SQLite can do."""

from tests.world.kinds import Application, Migration, Writer, remade

NOTES = Application("notes", rows=1_000, rows_at_length=200_000)
WRITERS = (
    Writer("INSERT INTO note (book_id, title, body) VALUES (2, :mark, 'beside')", "note", "title"),
    Writer("INSERT INTO book (owner, title) VALUES ('Bo', :mark)", "book", "title"),
)
MIGRATIONS = (
    Migration(
        NOTES,
        "a status for notes",
        "ALTER TABLE note ADD COLUMN status TEXT NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'done'));\n"
        "PRAGMA user_version = 8;",
        "ALTER TABLE note DROP COLUMN status;\nPRAGMA user_version = 7;",
        "note",
        "note=*",
        WRITERS,
    ),
    Migration(
        NOTES,
        "people need a name",
        remade("person", "name TEXT PRIMARY KEY", "name TEXT NOT NULL PRIMARY KEY"),
        remade("person"),
        "person",
        "person=*",
        WRITERS,
        'accept: {person.not_null.name: "the way back allows again what was allowed"}\n',
    ),
)
