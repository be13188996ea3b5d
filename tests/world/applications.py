"""The applications whose databases are migrated, and the migrations: at least two of different kinds each.

Rule: a database is made by the application itself, in a virtual environment of its own (`environments`), and the
application opens it again afterwards. A migration names what applications beside it write meanwhile: every
such row must be there at the end.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

APPS = Path(__file__).parent / "apps"


@dataclass(frozen=True)
class Application:
    """``packages`` as pip takes them (none: the standard library is enough); ``rows`` of the short form.

    ``in_short``: light enough to be installed for `make test`.
    """

    name: str
    packages: tuple[str, ...] = ()
    rows: int = 2_000
    rows_at_length: int = 300_000
    in_short: bool = True

    @property
    def script(self) -> Path:
        return APPS / f"{self.name}.py"


@dataclass(frozen=True)
class Writer:
    """What another process writes meanwhile: ``:mark`` is a text of its own in every row of ``table.column``."""

    sql: str
    table: str
    column: str


@dataclass(frozen=True)
class Migration:
    """A change with its way back, as they stand in a plan."""

    application: Application
    name: str
    forward: str
    back: str
    scope: str
    rows: str
    writers: Sequence[Writer]
    header: str = ""
    files: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.application.name}-{self.name}"

    def plan(self) -> str:
        """The plan's text."""
        return (
            f"---\ndatabase: app.db\nwriters-held: 30s\n{self.header}---\n# {self.name}\n\n## Execute\n\n"
            f'```sql {{#change scope="{self.scope}" rows="{self.rows}"}}\n{self.forward}\n```\n\n'
            f'## Rollback\n\n```sql {{#back undoes=change scope="{self.scope}" rows="{self.rows}"}}\n{self.back}\n```\n'
        )


DJANGO = Application("django_shop", ("django==5.2.8",))
ANKI = Application("anki_notes", ("anki==26.9.3",), rows=300, rows_at_length=20_000)
HOME_ASSISTANT = Application(
    "home_assistant",
    ("homeassistant==2024.3.3", "sqlalchemy==2.0.27", "fnv-hash-fast==0.5.0", "psutil-home-assistant==0.0.1"),
    rows=5_000,
    rows_at_length=1_500_000,
    in_short=False,
)
MLFLOW = Application(
    "mlflow_runs",
    ("mlflow-skinny==3.17.2", "sqlalchemy==2.1.9", "alembic==1.20.1"),
    rows_at_length=500_000,
    in_short=False,
)
NOTES = Application("notes", rows=1_000, rows_at_length=200_000)


def rebuild(table: str, definition: str, columns: str, values: str = "", after: str = "") -> str:
    """The documented way: a new table, the rows, the old one dropped, the new one renamed."""
    return (
        f'CREATE TABLE "{table}_new" ({definition});\n'
        f'INSERT INTO "{table}_new" ({columns}) SELECT {values or columns} FROM "{table}";\n'
        f'DROP TABLE "{table}";\nALTER TABLE "{table}_new" RENAME TO "{table}";\n{after}'
    )


DJANGO_WRITERS = (
    Writer(
        "INSERT INTO shop_order (customer_id, name, status, made) VALUES (1, :mark, 1, '2026-05-01 00:00:00')",
        "shop_order",
        "name",
    ),
    Writer("INSERT INTO shop_line (order_id, product, cents) VALUES (5, :mark, 100)", "shop_line", "product"),
)
ORDER = (
    '"id" integer NOT NULL PRIMARY KEY AUTOINCREMENT,'
    ' "customer_id" integer NOT NULL REFERENCES "auth_user" ("id") DEFERRABLE INITIALLY DEFERRED,'
    ' "name" varchar({width}) NOT NULL, "status" smallint unsigned NOT NULL CHECK ("status" >= 0),'
    ' "made" datetime NOT NULL, CONSTRAINT "status_known" CHECK ("status" < 10)'
)
ORDER_COLUMNS = "id, customer_id, name, status, made"
ORDER_INDEXES = (
    'CREATE INDEX "shop_order_customer_id_f638df20" ON "shop_order" ("customer_id");\n'
    'CREATE INDEX "shop_order_open" ON "shop_order" ("status", "made");'
)
ANKI_FUNCTIONS = '''"""What Anki gives a connection: its collation."""


def register(connection):
    connection.create_collation("unicase", lambda a, b: (a.casefold() > b.casefold()) - (a.casefold() < b.casefold()))
'''
ANKI_WRITERS = (
    Writer(
        "INSERT INTO notes (id, guid, mid, mod, usn, tags, flds, sfld, csum, flags, data)"
        " VALUES (abs(random()) % 1700000000000 + 1, :mark, (SELECT min(id) FROM notetypes), 1, -1, '', 'front' || char(31) || 'back', 'front', 0, 0, '')",
        "notes",
        "guid",
    ),
)
NOTES_TABLE = (
    "id integer PRIMARY KEY, guid text NOT NULL{check}, mid integer NOT NULL, mod integer NOT NULL,"
    " usn integer NOT NULL, tags text NOT NULL, flds text NOT NULL, sfld integer NOT NULL,"
    " csum integer NOT NULL, flags integer NOT NULL, data text NOT NULL"
)
NOTES_COLUMNS = "id, guid, mid, mod, usn, tags, flds, sfld, csum, flags, data"
NOTES_INDEXES = (
    "CREATE INDEX ix_notes_usn ON notes (usn);\nCREATE INDEX ix_notes_csum ON notes (csum);\n"
    "CREATE INDEX idx_notes_mid ON notes (mid);"
)
STATES_WRITERS = (
    Writer(
        "INSERT INTO states (metadata_id, state, last_updated_ts) VALUES (1, :mark, 1e9)", "states", "state"
    ),
    Writer(
        "INSERT INTO state_attributes (hash, shared_attrs) VALUES (1, :mark)",
        "state_attributes",
        "shared_attrs",
    ),
)
NOTE_WRITERS = (
    Writer("INSERT INTO note (book_id, title, body) VALUES (2, :mark, 'beside')", "note", "title"),
    Writer("INSERT INTO book (owner, title) VALUES ('Bo', :mark)", "book", "title"),
)
METRIC_WRITERS = (
    Writer(
        "INSERT INTO metrics (key, value, timestamp, run_uuid, step, is_nan)"
        " VALUES (:mark, 1.0, 1, (SELECT min(run_uuid) FROM runs), 0, 0)",
        "metrics",
        "key",
    ),
)
METRICS = (
    '"key" VARCHAR({width}) NOT NULL, value FLOAT NOT NULL, timestamp BIGINT NOT NULL,'
    " run_uuid VARCHAR(32) NOT NULL, step BIGINT DEFAULT '0' NOT NULL, is_nan BOOLEAN DEFAULT '0' NOT NULL,"
    ' CONSTRAINT metric_pk PRIMARY KEY ("key", timestamp, step, run_uuid, value, is_nan),'
    " FOREIGN KEY(run_uuid) REFERENCES runs (run_uuid), CHECK (is_nan IN (0, 1))"
)
METRICS_INDEXES = (
    "CREATE INDEX index_metrics_run_uuid ON metrics (run_uuid);\n"
    'CREATE INDEX index_metrics_run_uuid_key_step ON metrics (run_uuid, "key", step);'
)
METRICS_COLUMNS = "key, value, timestamp, run_uuid, step, is_nan"
PERSON = (
    "name TEXT PRIMARY KEY COLLATE NOCASE, mail TEXT CHECK (mail LIKE '%@%'), age INTEGER CHECK (age >= 0)"
)

MIGRATIONS = (
    Migration(
        DJANGO,
        "another column",
        'ALTER TABLE "shop_order" ADD COLUMN "memo" varchar(200) NULL;\n'
        "INSERT INTO django_migrations (app, name, applied) VALUES ('shop', '0002_memo', CURRENT_TIMESTAMP);",
        'ALTER TABLE "shop_order" DROP COLUMN "memo";\n'
        "DELETE FROM django_migrations WHERE app = 'shop' AND name = '0002_memo';",
        "shop_order django_migrations",
        "shop_order=* django_migrations=any",
        DJANGO_WRITERS,
    ),
    Migration(
        DJANGO,
        "a wider column",
        rebuild("shop_order", ORDER.format(width=200), ORDER_COLUMNS, after=ORDER_INDEXES),
        rebuild("shop_order", ORDER.format(width=80), ORDER_COLUMNS, after=ORDER_INDEXES),
        "shop_order",
        "shop_order=*",
        DJANGO_WRITERS,
    ),
    Migration(
        ANKI,
        "an index",
        "CREATE INDEX ix_revlog_ease ON revlog (ease);",
        "DROP INDEX ix_revlog_ease;",
        "revlog",
        "revlog=*",
        ANKI_WRITERS,
        "functions: anki_functions.py\n",
        {"anki_functions.py": ANKI_FUNCTIONS},
    ),
    Migration(
        ANKI,
        "a rule for guids",
        rebuild("notes", NOTES_TABLE.format(check=" CHECK (guid <> '')"), NOTES_COLUMNS, after=NOTES_INDEXES),
        rebuild("notes", NOTES_TABLE.format(check=""), NOTES_COLUMNS, after=NOTES_INDEXES),
        "notes",
        "notes=*",
        ANKI_WRITERS,
        'functions: anki_functions.py\naccept: {notes.check.guid: "the way back takes the new rule away"}\n',
        {"anki_functions.py": ANKI_FUNCTIONS},
    ),
    Migration(
        HOME_ASSISTANT,
        "a column and a version",
        "ALTER TABLE states ADD COLUMN origin_note VARCHAR(64);\n"
        "INSERT INTO schema_changes (schema_version, changed) VALUES (43, CURRENT_TIMESTAMP);",
        "ALTER TABLE states DROP COLUMN origin_note;\nDELETE FROM schema_changes WHERE schema_version = 43;",
        "states schema_changes",
        "states=* schema_changes=any",
        STATES_WRITERS,
    ),
    Migration(
        HOME_ASSISTANT,
        "an index and a partial one",
        "CREATE INDEX ix_states_note ON states (state, last_updated_ts);\n"
        "CREATE INDEX ix_states_old ON states (old_state_id) WHERE old_state_id IS NOT NULL;",
        "DROP INDEX ix_states_note;\nDROP INDEX ix_states_old;",
        "states",
        "states=*",
        STATES_WRITERS,
    ),
    Migration(
        MLFLOW,
        "a wider key",
        rebuild("metrics", METRICS.format(width=500), METRICS_COLUMNS, after=METRICS_INDEXES),
        rebuild("metrics", METRICS.format(width=250), METRICS_COLUMNS, after=METRICS_INDEXES),
        "metrics",
        "metrics=*",
        METRIC_WRITERS,
    ),
    Migration(
        MLFLOW,
        "a column and alembic's version",
        "ALTER TABLE metrics ADD COLUMN unit VARCHAR(20);\n"
        "CREATE TABLE changeover_version AS SELECT version_num AS version FROM alembic_version;\n"
        "UPDATE alembic_version SET version_num = 'world0000001';",
        "ALTER TABLE metrics DROP COLUMN unit;\n"
        "UPDATE alembic_version SET version_num = (SELECT version FROM changeover_version);\n"
        "DROP TABLE changeover_version;",
        "metrics alembic_version",
        "metrics=* alembic_version=*",
        METRIC_WRITERS,
    ),
    Migration(
        NOTES,
        "a status for notes",
        "ALTER TABLE note ADD COLUMN status TEXT NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'done'));\n"
        "PRAGMA user_version = 8;",
        "ALTER TABLE note DROP COLUMN status;\nPRAGMA user_version = 7;",
        "note",
        "note=*",
        NOTE_WRITERS,
    ),
    Migration(
        NOTES,
        "people need a name",
        rebuild(
            "person",
            PERSON.replace("TEXT PRIMARY KEY", "TEXT NOT NULL PRIMARY KEY"),
            "name, mail, age",
            after="CREATE UNIQUE INDEX person_mail ON person (lower(mail)) WHERE mail IS NOT NULL;",
        ),
        rebuild(
            "person",
            PERSON,
            "name, mail, age",
            after="CREATE UNIQUE INDEX person_mail ON person (lower(mail)) WHERE mail IS NOT NULL;",
        ),
        "person",
        "person=*",
        NOTE_WRITERS,
        'accept: {person.not_null.name: "the way back allows again what was allowed"}\n',
    ),
)
