"""A library of calibre, made and checked by calibre itself, unpacked from Debian's packages into a folder.

python calibre_library.py make PATH ROWS DEBIAN    ... check PATH DEBIAN    ... own PATH KIND DEBIAN
"""

import os
import sys
import tempfile
from pathlib import Path

verb, path, debian = sys.argv[1], sys.argv[2], Path(sys.argv[-1]) / "usr"
library = tempfile.mkdtemp(prefix="world-calibre-")
os.environ["CALIBRE_CONFIG_DIRECTORY"] = tempfile.mkdtemp(prefix="world-calibre-config-")
os.environ["CALIBRE_OVERRIDE_DATABASE_PATH"] = os.path.abspath(path)
sys.path.insert(0, str(debian / "lib/calibre"))
sys.resources_location = str(debian / "share/calibre")
sys.extensions_location = str(debian / "lib/calibre/calibre/plugins")
sys.executables_location = str(debian / "bin")
sys.system_plugins_location = None

import killed  # noqa: E402
from calibre.db.legacy import LibraryDatabase  # noqa: E402
from calibre.ebooks.metadata.book.base import Metadata  # noqa: E402
from calibre.library.check_library import CHECKS, CheckLibrary  # noqa: E402

database = LibraryDatabase(library)
cache = database.new_api


def make(rows: int) -> None:
    """Some books by calibre's own interface, the many by its own connection: triggers and functions are calibre's."""
    for number in range(20):
        book = Metadata(f"The Book {number}", ["Ada Äpfel", f"Bo {number % 3}"])
        book.tags, book.series, book.series_index = [f"tag {number % 4}"], "Reihe", float(number)
        cache.create_book_entry(book)
    connection = cache.backend.conn
    connection.executemany(
        "INSERT INTO books (title, author_sort, path, series_index) VALUES (?, ?, '', 1.0)",
        ((f"A Title {number} größer", f"Author {number % 97}") for number in range(rows)),
    )
    connection.executemany(
        "INSERT INTO books_authors_link (book, author) SELECT id, 1 FROM books WHERE id = ?",
        ((number,) for number in range(21, rows + 21)),
    )
    connection.execute("INSERT INTO tags (name) VALUES ('many')")
    connection.execute(
        "INSERT INTO books_tags_link (book, tag) SELECT id, (SELECT id FROM tags WHERE name = 'many')"
        " FROM books WHERE id > 20 AND id % 3 = 0"
    )
    connection.execute("PRAGMA journal_mode = WAL")


def check() -> None:
    """A book is added, found, tagged and removed; calibre's own check of a library finds nothing."""
    made = cache.create_book_entry(Metadata("The Checked Book", ["Ada Äpfel"]))
    assert (
        cache.backend.conn.get("SELECT sort FROM books WHERE id = ?", (made,), all=False)
        == "Checked Book, The"
    )
    cache.set_field("tags", {made: ["tag 1"]})
    assert made in cache.search("title:checked and tags:true"), "the search does not find the new book"
    assert cache.backend.conn.get("SELECT authors FROM meta WHERE id = ?", (made,), all=False) == "Ada Äpfel"
    cache.remove_books([made])
    assert not cache.has_id(made)
    checker = CheckLibrary(library, database)
    checker.scan_library((), ())
    found = {name: getattr(checker, name) for name, *_ in CHECKS if getattr(checker, name)}
    assert not found, found


def own() -> None:
    """calibre's own new column: tables of their own for its values, with triggers and views."""
    cache.backend.conn.setexectrace(lambda cursor, sql, bindings: killed.before_statement() or True)
    cache.create_custom_column("shelf", "Shelf", "text", False)


{"make": lambda: make(int(sys.argv[3])), "check": check, "own": own}[verb]()
database.close()
