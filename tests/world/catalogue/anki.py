"""Anki: its collation `unicase` on names, rowids in milliseconds, tables without rowid."""

from tests.world.kinds import Application, Migration, Writer, remade

ANKI = Application(
    "anki_notes",
    ("anki==26.9.3",),
    rows=300,
    rows_at_length=20_000,
    functions='''"""What Anki gives a connection: its collation."""


def register(connection):
    connection.create_collation("unicase", lambda a, b: (a.casefold() > b.casefold()) - (a.casefold() < b.casefold()))
''',
)
WRITERS = (
    Writer(
        "INSERT INTO notes (id, guid, mid, mod, usn, tags, flds, sfld, csum, flags, data)"
        " VALUES (abs(random()) % 1700000000000 + 1, :mark, (SELECT min(id) FROM notetypes), 1, -1, '', 'front' || char(31) || 'back', 'front', 0, 0, '')",
        "notes",
        "guid",
    ),
    Writer(
        "INSERT INTO config (KEY, usn, mtime_secs, val) VALUES (:mark, -1, 1, CAST('1' AS BLOB))",
        "config",
        "KEY",
    ),
)
MIGRATIONS = (
    Migration(
        ANKI,
        "an index",
        "CREATE INDEX ix_revlog_ease ON revlog (ease);",
        "DROP INDEX ix_revlog_ease;",
        "revlog",
        "revlog=*",
        WRITERS,
    ),
    Migration(
        ANKI,
        "a rule for guids",
        remade("notes", "guid text NOT NULL", "guid text NOT NULL CHECK (guid <> '')"),
        remade("notes"),
        "notes",
        "notes=*",
        WRITERS,
        'accept: {notes.check.guid: "the way back takes the new rule away"}\n',
    ),
)
