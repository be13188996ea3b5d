"""calibre: functions of the application in triggers and views, FTS5 over annotations, checks made of triggers.

Its schema is read from Debian's package into the cache by calibre itself, and stands nowhere here.
"""

from tests.world.kinds import Application, Migration, Writer, remade

FUNCTIONS = '''"""What calibre gives a connection, as far as its triggers and views call it."""

import uuid


class Joined:
    def __init__(self):
        self.parts = []

    def step(self, *values):
        self.parts.append("" if values[-1] is None else str(values[-1]))

    def finalize(self):
        return ",".join(self.parts) or None


def title_sort(title):
    for article in ("A ", "An ", "The "):
        if title and title.lower().startswith(article.lower()):
            return f"{title[len(article):]}, {title[:len(article) - 1]}"
    return title


def register(connection):
    connection.create_function("title_sort", 1, title_sort)
    connection.create_function("author_to_author_sort", 1, lambda name: name)
    connection.create_function("uuid4", 0, lambda: str(uuid.uuid4()))
    connection.create_function("books_list_filter", 1, lambda book: 1)
    for name, values in (("concat", 1), ("sortconcat", 2), ("sortconcat_bar", 2), ("sortconcat_amper", 2),
                         ("identifiers_concat", 2), ("aum_sortconcat", 4)):
        connection.create_aggregate(name, values, Joined)
    for name in ("PYNOCASE", "icucollate"):
        connection.create_collation(name, lambda a, b: (a.lower() > b.lower()) - (a.lower() < b.lower()))
'''
CALIBRE = Application(
    "calibre_library",
    ("apsw==3.54.1.0", "lxml==6.1.3", "regex", "msgpack", "python-dateutil", "mechanize", "beautifulsoup4"),
    debian=("calibre", "calibre-bin"),
    rows=500,
    rows_at_length=100_000,
    in_short=False,
    functions=FUNCTIONS,
)
WRITERS = (
    Writer("INSERT INTO books (title, author_sort, path) VALUES (:mark, 'Ada', '')", "books", "title"),
    Writer("INSERT INTO preferences (key, val) VALUES (:mark, '1')", "preferences", "key"),
)
MIGRATIONS = (
    Migration(
        CALIBRE,
        "a column for shelves",
        "ALTER TABLE books ADD COLUMN shelf TEXT NOT NULL DEFAULT 'none' COLLATE NOCASE;\n"
        "CREATE INDEX books_shelf ON books (shelf);",
        "DROP INDEX books_shelf;\nALTER TABLE books DROP COLUMN shelf;",
        "books",
        "books=*",
        WRITERS,
        own="column",
    ),
    Migration(
        CALIBRE,
        "no series before the first",
        remade(
            "books",
            "series_index REAL NOT NULL DEFAULT 1.0",
            "series_index REAL NOT NULL DEFAULT 1.0 CHECK (series_index >= 0)",
        ),
        remade("books"),
        "books",
        "books=*",
        WRITERS,
        'accept: {books.check.series_index: "the way back takes the new rule away"}\n',
    ),
)
