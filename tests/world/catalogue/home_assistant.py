"""Home Assistant's recorder: a long table of states that refers to itself, and its own table of versions."""

from tests.world.kinds import Application, Migration, Writer

HOME_ASSISTANT = Application(
    "home_assistant",
    ("homeassistant==2024.3.3", "sqlalchemy==2.0.27", "fnv-hash-fast==0.5.0", "psutil-home-assistant==0.0.1"),
    rows=5_000,
    rows_at_length=1_500_000,
    in_short=False,
)
WRITERS = (
    Writer(
        "INSERT INTO states (metadata_id, state, last_updated_ts) VALUES (1, :mark, 1e9)", "states", "state"
    ),
    Writer(
        "INSERT INTO state_attributes (hash, shared_attrs) VALUES (1, :mark)",
        "state_attributes",
        "shared_attrs",
    ),
)
MIGRATIONS = (
    Migration(
        HOME_ASSISTANT,
        "a column and a version",
        "ALTER TABLE states ADD COLUMN origin_note VARCHAR(64);\n"
        "INSERT INTO schema_changes (schema_version, changed) VALUES (43, '2026-05-01 00:00:00');",
        "ALTER TABLE states DROP COLUMN origin_note;\nDELETE FROM schema_changes WHERE schema_version = 43;",
        "states schema_changes",
        "states=* schema_changes=any",
        WRITERS,
        own="column",
        known=False,
    ),
    Migration(
        HOME_ASSISTANT,
        "an index and a partial one",
        "CREATE INDEX ix_states_note ON states (state, last_updated_ts);\n"
        "CREATE INDEX ix_states_old ON states (old_state_id) WHERE old_state_id IS NOT NULL;",
        "DROP INDEX ix_states_note;\nDROP INDEX ix_states_old;",
        "states",
        "states=*",
        WRITERS,
        own="index",
    ),
)
