"""MLflow: tables made by some fifty Alembic revisions, a key of six columns, CHECKs without a name."""

from tests.world.kinds import Application, Migration, Writer, remade

MLFLOW = Application(
    "mlflow_runs",
    ("mlflow-skinny==3.17.2", "sqlalchemy==2.1.9", "alembic==1.20.1"),
    rows_at_length=500_000,
    in_short=False,
)
WRITERS = (
    Writer(
        "INSERT INTO metrics (key, value, timestamp, run_uuid, step, is_nan)"
        " VALUES (:mark, 1.0, 1, (SELECT min(run_uuid) FROM runs), 0, 0)",
        "metrics",
        "key",
    ),
    Writer(
        "INSERT INTO params (key, value, run_uuid) VALUES (:mark, 'x', (SELECT min(run_uuid) FROM runs))",
        "params",
        "key",
    ),
)
MIGRATIONS = (
    Migration(
        MLFLOW,
        "a wider key",
        remade("metrics", '"key" VARCHAR(250)', '"key" VARCHAR(500)'),
        remade("metrics"),
        "metrics",
        "metrics=*",
        WRITERS,
        own="wider",
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
        WRITERS,
        own="column",
        known=False,
    ),
)
