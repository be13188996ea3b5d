"""What migrations of SQLite databases lost for other people, as public bug reports tell it, made anew in small.

Rule: every report is a database, a script and a way back as the tool of the report would have written them, in
words of our own. ``found`` are the rules and findings that must stop it before anything is lost; where nothing
is lost under changeover there are none, and ``stays`` must be true after the change, and after the way back too.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Report:
    """``source`` is owner/repository#number. ``writes`` is what users do between the change and the way back."""

    source: str
    before: str
    forward: str
    back: str
    found: tuple[str, ...] = ()
    stays: str = "SELECT 1"
    writes: str = ""
    scope: str = "t"
    rows: str = "t=*"
    header: str = ""

    def plan(self) -> str:
        """The plan's text."""
        attributes = f'scope="{self.scope}" rows="{self.rows}"'
        return (
            f"---\ndatabase: app.db\n{self.header}---\n# {self.source}\n\n## Pre-flight\n\n"
            "```sql {#alive expect=some}\nSELECT 1;\n```\n\n## Execute\n\n"
            f"```sql {{#change {attributes}}}\n{self.forward}\n```\n\n## Rollback\n\n"
            f"```sql {{#back undoes=change {attributes}}}\n{self.back}\n```\n"
        )


def rebuilt(definition: str, columns: str, options: str = "", values: str = "", after: str = "") -> str:
    """Table ``t`` made anew, as nearly every tool does it."""
    return (
        f"CREATE TABLE t_new ({definition}){options};\n"
        f"INSERT INTO t_new ({columns}) SELECT {values or columns} FROM t;\n"
        f"DROP TABLE t;\nALTER TABLE t_new RENAME TO t;\n{after}"
    )


def renamed_first(definition: str, columns: str) -> str:
    """Table ``t`` made anew with the old one renamed aside first."""
    return (
        f"ALTER TABLE t RENAME TO t_old;\nCREATE TABLE t ({definition});\n"
        f"INSERT INTO t ({columns}) SELECT {columns} FROM t_old;\nDROP TABLE t_old;"
    )


CHATS = (
    "CREATE TABLE t (id INTEGER PRIMARY KEY, view TEXT DEFAULT 'preview'); INSERT INTO t (id) VALUES (1), (2);"
    "CREATE TABLE messages (id INTEGER PRIMARY KEY, chat INTEGER NOT NULL REFERENCES t (id) ON DELETE CASCADE);"
    "INSERT INTO messages VALUES (1, 1), (2, 1), (3, 2);"
    "CREATE TABLE attachments (id INTEGER PRIMARY KEY,"
    " message INTEGER NOT NULL REFERENCES messages (id) ON DELETE CASCADE);"
    "INSERT INTO attachments VALUES (1, 1), (2, 3);"
)
CHATS_BACK = rebuilt("id INTEGER PRIMARY KEY, view TEXT DEFAULT 'preview'", "id, view")
CHATS_FORWARD = CHATS_BACK.replace("'preview'", "'markup'")
ALL_CHATS = "SELECT (SELECT count(*) FROM messages) = 3 AND (SELECT count(*) FROM attachments) = 2"
PLAIN = "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT); INSERT INTO t VALUES (1, 'x', 'y');"
WIDE, WIDE_COLUMNS = "id INTEGER PRIMARY KEY, a VARCHAR(80), b TEXT", "id, a, b"
SEARCH = "INSERT INTO search (search) VALUES ('rebuild');"
NARROW = "id INTEGER PRIMARY KEY, a TEXT, b TEXT"


REPORTS = (
    Report(
        "drizzle-team/drizzle-orm#5782",
        CHATS,
        CHATS_FORWARD,
        CHATS_BACK,
        stays=ALL_CHATS,
        header='accept: {t.default.view: "that is the change"}\n',
    ),
    Report(
        "CherryHQ/cherry-studio#17568",  # the settings that such tools write into the script
        CHATS,
        f"PRAGMA foreign_keys=OFF;\n{CHATS_FORWARD}\nPRAGMA foreign_keys=ON;",
        CHATS_BACK,
        found=("own-control",),
    ),
    Report(
        "dotnet/efcore#37598",
        CHATS,
        f"PRAGMA defer_foreign_keys=ON;\n{CHATS_FORWARD}",
        CHATS_BACK,
        found=("own-control",),
    ),
    Report(
        "getmydia/mydia#269",  # and prisma/orm#24540: relations that are set to NULL
        "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, rank INT); INSERT INTO t VALUES (1, 'hd', 1), (2, 'sd', 2);"
        "CREATE TABLE items (id INTEGER PRIMARY KEY, t_id INTEGER DEFAULT 2 REFERENCES t (id) ON DELETE SET NULL);"
        "CREATE TABLE paths (id INTEGER PRIMARY KEY, t_id INTEGER DEFAULT 2 REFERENCES t (id) ON DELETE SET DEFAULT);"
        "CREATE TABLE files (id INTEGER PRIMARY KEY, t_id INTEGER REFERENCES t (id));"
        "INSERT INTO items VALUES (1, 1); INSERT INTO paths VALUES (1, 1); INSERT INTO files VALUES (1, 1);",
        rebuilt("id INTEGER PRIMARY KEY, name TEXT NOT NULL, rank INT", "id, name, rank"),
        rebuilt("id INTEGER PRIMARY KEY, name TEXT, rank INT", "id, name, rank"),
        stays="SELECT (SELECT t_id FROM items) = 1 AND (SELECT t_id FROM paths) = 1 AND (SELECT t_id FROM files) = 1",
        header='accept: {t.not_null.name: "the way back allows again what was allowed"}\n',
    ),
    Report(
        "knex/knex#6213",
        CHATS.replace("view TEXT", "gender TEXT, view TEXT"),
        "CREATE TABLE changeover_gender AS SELECT id, gender FROM t;\nALTER TABLE t DROP COLUMN gender;",
        "ALTER TABLE t ADD COLUMN gender TEXT;\n"
        "UPDATE t SET gender = (SELECT g.gender FROM changeover_gender g WHERE g.id = t.id);\n"
        "DROP TABLE changeover_gender;",
        stays=ALL_CHATS,
    ),
    Report(
        "rails/rails#56810",  # and simonw/sqlite-utils#849, jeremyevans/sequel#1813, antares-sql/antares#523
        f"{PLAIN} CREATE TRIGGER touched AFTER UPDATE OF a ON t BEGIN UPDATE t SET b = 'now' WHERE id = new.id; END;",
        rebuilt(WIDE, WIDE_COLUMNS),
        rebuilt(NARROW, WIDE_COLUMNS),
        found=("t.trigger.touched",),
    ),
    Report(
        "NousResearch/hermes-agent#95208",  # the trigger of another table speaks of the one that is renamed
        f"{PLAIN} CREATE TABLE tasks (id INTEGER PRIMARY KEY, status TEXT); INSERT INTO tasks VALUES (1, 'open');"
        "CREATE TRIGGER history AFTER UPDATE OF status ON tasks BEGIN INSERT INTO t (a) VALUES (new.status); END;",
        renamed_first(WIDE, WIDE_COLUMNS),
        renamed_first(NARROW, WIDE_COLUMNS),
        stays="SELECT sql NOT LIKE '%t_old%' FROM sqlite_schema WHERE name = 'history'",
        writes="UPDATE tasks SET status = 'done';",
    ),
    Report(
        "cpc/openasip#212",  # and django/django#10733: keys of children follow the table that is renamed aside
        f"{PLAIN} CREATE TABLE child (id INTEGER PRIMARY KEY, t_id INTEGER REFERENCES t (id)); INSERT INTO child VALUES (1, 1);",
        renamed_first(WIDE, WIDE_COLUMNS),
        renamed_first(NARROW, WIDE_COLUMNS),
        stays="SELECT sql NOT LIKE '%t_old%' FROM sqlite_schema WHERE name = 'child'",
        writes="PRAGMA foreign_keys = ON; INSERT INTO child VALUES (2, 1);",
    ),
    Report(
        "sqlalchemy/alembic#1846",
        "CREATE TABLE t (id INTEGER PRIMARY KEY, val BOOLEAN, x INTEGER, CHECK (val IN (0, 1)), CHECK (x > 5));"
        "INSERT INTO t VALUES (1, 1, 6);",
        rebuilt("id INTEGER PRIMARY KEY, val BOOLEAN, x BIGINT", "id, val, x"),
        rebuilt(
            "id INTEGER PRIMARY KEY, val BOOLEAN, x INTEGER, CHECK (val IN (0, 1)), CHECK (x > 5)",
            "id, val, x",
        ),
        found=("t.check.val", "t.check.x"),
    ),
    Report(
        "simonw/sqlite-utils#602",  # and rails/rails#47400
        "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT NOT NULL); INSERT INTO t VALUES (1, 'x');",
        rebuilt("id INTEGER PRIMARY KEY, b TEXT NOT NULL", "id, b", values="id, a"),
        rebuilt("id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT NOT NULL", "id, a", values="id, b"),
        found=("t.autoincrement",),
    ),
    Report(
        "rails/rails#51522",
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, up TEXT GENERATED ALWAYS AS (upper(a)) STORED);"
        "INSERT INTO t (a) VALUES ('x');",
        rebuilt("id INTEGER PRIMARY KEY, a TEXT NOT NULL, up TEXT", "id, a, up"),
        rebuilt("id INTEGER PRIMARY KEY, a TEXT, up TEXT GENERATED ALWAYS AS (upper(a)) STORED", "id, a"),
        found=("t.generated.up",),
    ),
    Report(
        "rails/rails#48304",
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, at TEXT DEFAULT (datetime('now'))); INSERT INTO t (a) VALUES ('x');",
        rebuilt("id INTEGER PRIMARY KEY, a VARCHAR(9), at TEXT", "id, a, at"),
        rebuilt("id INTEGER PRIMARY KEY, a TEXT, at TEXT DEFAULT (datetime('now'))", "id, a, at"),
        found=("t.default.at",),
    ),
    Report(
        "simonw/sqlite-utils#509",  # a default in quotes more: the function's name as a text
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, at TEXT DEFAULT (strftime('%s', 'now'))); INSERT INTO t (a) VALUES ('x');",
        rebuilt(
            "id INTEGER PRIMARY KEY, a VARCHAR(9), at TEXT DEFAULT 'strftime(''%s'', ''now'')'", "id, a, at"
        ),
        rebuilt("id INTEGER PRIMARY KEY, a TEXT, at TEXT DEFAULT (strftime('%s', 'now'))", "id, a, at"),
        found=("quoted-default",),
    ),
    Report(
        "simonw/sqlite-utils#336",  # and rails/rails#45430: the quotes become a part of the default
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT DEFAULT 'foo'); INSERT INTO t DEFAULT VALUES;",
        rebuilt("id INTEGER PRIMARY KEY, a VARCHAR(9) DEFAULT '''foo'''", "id, a"),
        rebuilt("id INTEGER PRIMARY KEY, a TEXT DEFAULT 'foo'", "id, a"),
        found=("quoted-default",),
    ),
    Report(
        "kaeawc/auto-mobile#2895",
        PLAIN,
        "ALTER TABLE t ADD COLUMN made_at TEXT NOT NULL DEFAULT 'datetime(''now'')';",
        "ALTER TABLE t DROP COLUMN made_at;",
        found=("quoted-default",),
    ),
    Report(
        "go-gorm/gorm#6217",  # and simonw/sqlite-utils#633, sequelize/sequelize#2033
        f"{PLAIN} CREATE INDEX by_a ON t (a); CREATE UNIQUE INDEX once ON t (a) WHERE b IS NULL;",
        rebuilt(WIDE, WIDE_COLUMNS),
        rebuilt(NARROW, WIDE_COLUMNS),
        found=("t.index.by_a", "t.index.once"),
    ),
    Report(
        "sequelize/sequelize#4502",  # and knex/knex#631, laravel/framework#61550
        "CREATE TABLE t (id INTEGER PRIMARY KEY, title TEXT UNIQUE, user TEXT); INSERT INTO t VALUES (1, 'x', 'y');",
        rebuilt("id INTEGER PRIMARY KEY, title TEXT, user VARCHAR(9)", "id, title, user"),
        rebuilt("id INTEGER PRIMARY KEY, title TEXT UNIQUE, user TEXT", "id, title, user"),
        found=("t.unique.title",),
    ),
    Report(
        "sequelize/sequelize#5007",
        "CREATE TABLE p (id INTEGER PRIMARY KEY); INSERT INTO p VALUES (1);"
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, p_id INTEGER REFERENCES p (id) ON DELETE CASCADE);"
        "INSERT INTO t VALUES (1, 'x', 1);",
        rebuilt("id INTEGER PRIMARY KEY, a VARCHAR(9), p_id INTEGER", "id, a, p_id"),
        rebuilt(
            "id INTEGER PRIMARY KEY, a TEXT, p_id INTEGER REFERENCES p (id) ON DELETE CASCADE", "id, a, p_id"
        ),
        found=("t.foreign_key.p_id",),
    ),
    Report(
        "sequelize/sequelize#12789",  # ON DELETE and ON UPDATE in each other's place
        "CREATE TABLE p (id INTEGER PRIMARY KEY); INSERT INTO p VALUES (1);"
        "CREATE TABLE t (id INTEGER PRIMARY KEY, p_id INTEGER REFERENCES p (id) ON DELETE CASCADE ON UPDATE SET NULL);"
        "INSERT INTO t VALUES (1, 1);",
        rebuilt(
            "id INTEGER PRIMARY KEY, p_id INTEGER REFERENCES p (id) ON DELETE SET NULL ON UPDATE CASCADE",
            "id, p_id",
        ),
        rebuilt(
            "id INTEGER PRIMARY KEY, p_id INTEGER REFERENCES p (id) ON DELETE CASCADE ON UPDATE SET NULL",
            "id, p_id",
        ),
        found=("t.foreign_key.p_id",),
    ),
    Report(
        "typeorm/typeorm#8430",
        "CREATE TABLE t (k TEXT PRIMARY KEY, a TEXT) WITHOUT ROWID; INSERT INTO t VALUES ('k', 'x');",
        rebuilt("k TEXT PRIMARY KEY, a VARCHAR(9)", "k, a"),
        rebuilt("k TEXT PRIMARY KEY, a TEXT", "k, a", options=" WITHOUT ROWID"),
        found=("t.without_rowid",),
    ),
    Report(
        "go-gorm/sqlite#236",
        "CREATE TABLE t (id INTEGER PRIMARY KEY, n INT) STRICT; INSERT INTO t VALUES (1, 2);",
        rebuilt("id INTEGER PRIMARY KEY, n INTEGER", "id, n"),
        rebuilt("id INTEGER PRIMARY KEY, n INT", "id, n", options=" STRICT"),
        found=("t.strict",),
    ),
    Report(
        "go-gorm/sqlite#225",  # a view stands in the way of the rename
        f"{PLAIN} CREATE VIEW names AS SELECT id, a FROM t;",
        rebuilt(WIDE, WIDE_COLUMNS),
        rebuilt(NARROW, WIDE_COLUMNS),
        stays="SELECT a = 'x' FROM names WHERE id = 1",
    ),
    Report(
        "typeorm/typeorm#11907",
        "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT COLLATE NOCASE); INSERT INTO t VALUES (1, 'x');",
        rebuilt("id INTEGER PRIMARY KEY, name VARCHAR(9)", "id, name"),
        rebuilt("id INTEGER PRIMARY KEY, name TEXT COLLATE NOCASE", "id, name"),
        found=("t.collate.name",),
    ),
    Report(
        "laravel/framework#16273",  # the table aside is a temporary one, made of a query
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL); INSERT INTO t VALUES (1, 'x');",
        "CREATE TEMPORARY TABLE aside AS SELECT id, a FROM t; DROP TABLE t;\n"
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a CLOB NOT NULL COLLATE BINARY);\n"
        "INSERT INTO t (id, a) SELECT id, a FROM aside; DROP TABLE aside;",
        "CREATE TEMPORARY TABLE aside AS SELECT id, a FROM t; DROP TABLE t;\n"
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL);\n"
        "INSERT INTO t (id, a) SELECT id, a FROM aside; DROP TABLE aside;",
        stays="SELECT a = 'x' FROM t",
    ),
    Report(
        "dbeaver/dbeaver#9482",  # CREATE TABLE ... AS in place of a definition: no rule is left
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL CHECK (a <> '')); INSERT INTO t VALUES (1, 'x');",
        "CREATE TABLE t_new AS SELECT id, a FROM t; DROP TABLE t; ALTER TABLE t_new RENAME TO t;",
        rebuilt("id INTEGER PRIMARY KEY, a TEXT NOT NULL CHECK (a <> '')", "id, a"),
        found=("t.primary_key", "t.not_null.a", "t.check.a"),
    ),
    Report(
        "mikro-orm/mikro-orm#6145",  # and textbrowser/biblioteq#74, talex-touch/tuff#637
        PLAIN,
        "CREATE TABLE t_new (id INTEGER PRIMARY KEY, b TEXT, a TEXT);\nINSERT INTO t_new SELECT * FROM t;\n"
        "DROP TABLE t;\nALTER TABLE t_new RENAME TO t;",
        "CREATE TABLE t_new (id INTEGER PRIMARY KEY, a TEXT, b TEXT);\nINSERT INTO t_new SELECT * FROM t;\n"
        "DROP TABLE t;\nALTER TABLE t_new RENAME TO t;",
        found=("copied-by-place",),
    ),
    Report(
        "maxritter/pilot-shell#46",  # the columns are named on one side only
        PLAIN,
        "CREATE TABLE t_new (id INTEGER PRIMARY KEY, b TEXT, a TEXT);\nINSERT INTO t_new SELECT id, a, b FROM t;\n"
        "DROP TABLE t;\nALTER TABLE t_new RENAME TO t;",
        rebuilt(NARROW, WIDE_COLUMNS),
        found=("copied-by-place",),
    ),
    Report(
        "gastownhall/beads#758",
        PLAIN,
        "CREATE TABLE t_new (id INTEGER PRIMARY KEY, a TEXT);\nINSERT INTO t_new SELECT * FROM t;\n"
        "DROP TABLE t;\nALTER TABLE t_new RENAME TO t;",
        "ALTER TABLE t ADD COLUMN b TEXT;",
        found=("sql",),
    ),
    Report(
        "socket-link/ampere#791",  # and szabodanika/microbin#350: who reads by place reads another column
        PLAIN,
        rebuilt("id INTEGER PRIMARY KEY, b TEXT, a TEXT", WIDE_COLUMNS),
        rebuilt(NARROW, WIDE_COLUMNS),
        found=("column-order",),
    ),
    Report(
        "drizzle-team/drizzle-orm#5822",  # "c" names no column, so SQLite reads it as a text
        PLAIN,
        "CREATE TABLE t_new (id INTEGER PRIMARY KEY, a TEXT, b TEXT, c TEXT);\n"
        'INSERT INTO t_new ("id", "a", "b", "c") SELECT "id", "a", "b", "c" FROM t;\n'
        "DROP TABLE t;\nALTER TABLE t_new RENAME TO t;",
        "ALTER TABLE t DROP COLUMN c;",
        found=("quoted-name",),
    ),
    Report(
        "EventFahrplan/EventFahrplan#5",  # and ahmtydn/isar_plus#91: STRING is a number's type, and 008 becomes 8
        "CREATE TABLE t (id INTEGER PRIMARY KEY, room TEXT); INSERT INTO t VALUES (1, '008');",
        rebuilt("id INTEGER PRIMARY KEY, room STRING", "id, room"),
        rebuilt("id INTEGER PRIMARY KEY, room TEXT", "id, room"),
        found=("t",),
    ),
    Report(
        "dani-garcia/vaultwarden#1645",
        "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, b TEXT); INSERT INTO t VALUES (1, 'x', ''), (7, NULL, '');",
        rebuilt("id INTEGER PRIMARY KEY, name TEXT NOT NULL, b TEXT", "id, name, b"),
        rebuilt("id INTEGER PRIMARY KEY, name TEXT, b TEXT", "id, name, b"),
        found=("NOT NULL", "id 7"),
    ),
    Report(
        "dayseam/dayseam#299",
        "CREATE TABLE t (id INTEGER PRIMARY KEY, who TEXT, kind TEXT);"
        "INSERT INTO t VALUES (1, 'a', 'k'), (5, 'a', 'k'), (6, 'b', 'k');",
        "CREATE UNIQUE INDEX once ON t (who, kind);",
        "DROP INDEX once;",
        found=("UNIQUE", "id 5"),
    ),
    Report(
        "rjwalters/loom#5114",  # rows without a group are one group to GROUP BY
        "CREATE TABLE t (id INTEGER PRIMARY KEY, kind TEXT, sweep TEXT);"
        "INSERT INTO t VALUES (1, 'k', NULL), (2, 'k', NULL), (3, 'k', 's'), (4, 'k', 's');",
        "CREATE TABLE changeover_doubles AS SELECT * FROM t WHERE id NOT IN (SELECT max(id) FROM t GROUP BY kind, sweep);\n"
        "DELETE FROM t WHERE id NOT IN (SELECT max(id) FROM t GROUP BY kind, sweep);\n"
        "CREATE UNIQUE INDEX once ON t (kind, sweep);",
        "DROP INDEX once;\nINSERT INTO t (id, kind, sweep) SELECT id, kind, sweep FROM changeover_doubles;\n"
        "DROP TABLE changeover_doubles;",
        rows="t=-1",
        found=("t",),
    ),
    Report(
        "talex-touch/tuff#637",  # OR IGNORE leaves rows out without a word
        "CREATE TABLE t (id INTEGER PRIMARY KEY, mail TEXT); INSERT INTO t VALUES (1, 'a'), (2, 'A'), (3, 'b');",
        "CREATE TABLE t_new (id INTEGER PRIMARY KEY, mail TEXT COLLATE NOCASE UNIQUE);\n"
        "INSERT OR IGNORE INTO t_new (id, mail) SELECT id, mail FROM t;\n"
        "DROP TABLE t;\nALTER TABLE t_new RENAME TO t;",
        rebuilt("id INTEGER PRIMARY KEY, mail TEXT", "id, mail"),
        found=("t",),
    ),
    Report(
        "home-assistant/core#123221",  # what breaks the key is deleted to be able to make it
        "CREATE TABLE p (id INTEGER PRIMARY KEY); INSERT INTO p VALUES (1);"
        "CREATE TABLE t (id INTEGER PRIMARY KEY, p_id INTEGER); INSERT INTO t VALUES (1, 1), (2, 9), (3, NULL);",
        "DELETE FROM t WHERE p_id NOT IN (SELECT id FROM p);\n"
        + rebuilt("id INTEGER PRIMARY KEY, p_id INTEGER REFERENCES p (id)", "id, p_id"),
        rebuilt("id INTEGER PRIMARY KEY, p_id INTEGER", "id, p_id"),
        found=("t",),
    ),
    Report(
        "watchthelight/pawtropolis-tech#90",  # a conversion of what was converted already
        "CREATE TABLE t (id INTEGER PRIMARY KEY, at INTEGER NOT NULL); INSERT INTO t VALUES (1, 1700000000);",
        rebuilt(
            "id INTEGER PRIMARY KEY, at INTEGER NOT NULL",
            "id, at",
            values="id, CAST(coalesce(strftime('%s', at), at) AS INTEGER)",
            after="CREATE INDEX by_at ON t (at);",
        ),
        rebuilt("id INTEGER PRIMARY KEY, at INTEGER NOT NULL", "id, at"),
        found=("t",),
    ),
    Report(
        "opencollective/opencollective-api#8873",  # a value for every row from a query that knows some of them
        "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO t VALUES (1, 'a'), (2, 'b');"
        "CREATE TABLE better (t_id INTEGER PRIMARY KEY, name TEXT); INSERT INTO better VALUES (1, 'A');",
        "UPDATE t SET name = (SELECT b.name FROM better b WHERE b.t_id = t.id);",
        "UPDATE t SET name = lower(name);",
        found=("t",),
    ),
    Report(
        "signalapp/Signal-Android#13809",  # and khive#2273: the index follows rowids that the copy gives anew
        "CREATE TABLE t (slug TEXT PRIMARY KEY, body TEXT);"
        "CREATE VIRTUAL TABLE search USING fts5 (body, content = 't', content_rowid = 'rowid');"
        "CREATE TRIGGER t_in AFTER INSERT ON t BEGIN INSERT INTO search (rowid, body) VALUES (new.rowid, new.body); END;"
        "CREATE TRIGGER t_out AFTER DELETE ON t BEGIN"
        " INSERT INTO search (search, rowid, body) VALUES ('delete', old.rowid, old.body); END;"
        "INSERT INTO t VALUES ('a', 'first'), ('b', 'second'), ('c', 'third'); DELETE FROM t WHERE slug = 'a';",
        rebuilt("slug TEXT PRIMARY KEY, body CLOB", "slug, body"),
        rebuilt("slug TEXT PRIMARY KEY, body TEXT", "slug, body"),
        found=("t.trigger.t_in", "t.trigger.t_out"),
    ),
    Report(
        "ohdearquant/khive#2273",  # an index of rows without a trigger: it must be made anew too
        "CREATE TABLE t (slug TEXT PRIMARY KEY, body TEXT);"
        "CREATE VIRTUAL TABLE search USING fts5 (body, content = 't', content_rowid = 'rowid');"
        "INSERT INTO t VALUES ('a', 'first'), ('b', 'second'), ('c', 'third'); DELETE FROM t WHERE slug = 'a';"
        "INSERT INTO search (search) VALUES ('rebuild');",
        rebuilt("slug TEXT PRIMARY KEY, body CLOB", "slug, body"),
        rebuilt("slug TEXT PRIMARY KEY, body TEXT", "slug, body"),
        found=("search: the full-text index",),
    ),
    Report(
        "cq27-dev/rag-rat#51",  # and so it is made anew
        "CREATE TABLE t (slug TEXT PRIMARY KEY, body TEXT);"
        "CREATE VIRTUAL TABLE search USING fts5 (body, content = 't', content_rowid = 'rowid');"
        "INSERT INTO t VALUES ('a', 'first'), ('b', 'second'), ('c', 'third'); DELETE FROM t WHERE slug = 'a';"
        "INSERT INTO search (search) VALUES ('rebuild');",
        rebuilt("slug TEXT PRIMARY KEY, body CLOB", "slug, body", after=SEARCH),
        rebuilt("slug TEXT PRIMARY KEY, body TEXT", "slug, body", after=SEARCH),
        stays="SELECT count(*) = 1 FROM t WHERE rowid = (SELECT rowid FROM search WHERE search MATCH 'third') AND slug = 'c'",
        scope="t search",
        rows="t=* search=any",
    ),
    Report(
        "kontalk/androidclient#202",  # a table left behind by the attempt before
        f"{PLAIN} CREATE TABLE t_new (id INTEGER PRIMARY KEY, a TEXT);",
        rebuilt(WIDE, WIDE_COLUMNS),
        rebuilt(NARROW, WIDE_COLUMNS),
        found=("already exists",),
    ),
    Report(
        "prisma/orm#24540",  # a table that refers to itself
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, up INTEGER REFERENCES t (id) ON DELETE SET NULL);"
        "INSERT INTO t VALUES (1, 'root', NULL), (2, 'leaf', 1);",
        rebuilt(
            "id INTEGER PRIMARY KEY, a VARCHAR(9), up INTEGER REFERENCES t (id) ON DELETE SET NULL",
            "id, a, up",
        ),
        rebuilt(
            "id INTEGER PRIMARY KEY, a TEXT, up INTEGER REFERENCES t_new (id) ON DELETE SET NULL", "id, a, up"
        ),
        stays="SELECT up = 1 FROM t WHERE id = 2",
    ),
    Report(
        "groue/GRDB.swift#1740",  # a key that is renamed, with foreign keys off
        f"{PLAIN} CREATE TABLE child (id INTEGER PRIMARY KEY, t_id INTEGER REFERENCES t (id)); INSERT INTO child VALUES (1, 1);",
        "ALTER TABLE t RENAME COLUMN id TO bar_id;",
        "ALTER TABLE t RENAME COLUMN bar_id TO id;",
        scope="t child",
        rows="t=* child=*",
        stays="SELECT count(*) = 0 FROM pragma_foreign_key_check",
        writes="PRAGMA foreign_keys = ON; INSERT INTO child VALUES (2, 1);",
    ),
)
