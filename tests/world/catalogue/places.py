"""A browser's places: counters that triggers keep, a function of the application, partial indexes."""

from tests.world.kinds import Application, Migration, Writer, remade

PLACES = Application(
    "places",
    rows_at_length=200_000,
    functions='''"""What the browser gives a connection: the hash of a URL."""

import zlib


def register(connection):
    connection.create_function("hash", 1, lambda url: zlib.crc32((url or "").encode()), deterministic=True)
    connection.create_function("get_unreversed_host", 1, lambda host: (host or "")[::-1], deterministic=True)
''',
)
WRITERS = (
    Writer(
        "INSERT INTO moz_places (url, guid, origin_id) VALUES ('https://beside.example/', :mark, 1)",
        "moz_places",
        "guid",
    ),
    Writer("INSERT INTO moz_bookmarks (type, fk, guid) VALUES (1, 7, :mark)", "moz_bookmarks", "guid"),
)
MIGRATIONS = (
    Migration(
        PLACES,
        "pages without a title are told",
        remade("moz_places", "title LONGVARCHAR", "title LONGVARCHAR CHECK (title <> '')"),
        remade("moz_places"),
        "moz_places",
        "moz_places=*",
        WRITERS,
        'accept: {moz_places.check.title: "the way back takes the new rule away"}\n',
    ),
    Migration(
        PLACES,
        "keywords remember their page's title",
        "ALTER TABLE moz_keywords ADD COLUMN title TEXT;\n"
        "UPDATE moz_keywords SET title = (SELECT p.title FROM moz_places p WHERE p.id = moz_keywords.place_id);\n"
        "PRAGMA user_version = 78;",
        "ALTER TABLE moz_keywords DROP COLUMN title;\nPRAGMA user_version = 77;",
        "moz_keywords",
        "moz_keywords=*",
        WRITERS,
    ),
)
