"""MLflow's tracking tables, made by its own Alembic migrations and checked by its own store."""

import sys

import killed
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Column, String, create_engine, event, text

verb, path = sys.argv[1:3]
if verb == "own":  # Alembic's own way, as a revision of MLflow would take it
    engine = create_engine(f"sqlite:///{path}")
    event.listen(engine, "before_cursor_execute", killed.before_statement)
    with engine.connect() as connection, connection.begin():
        operations = Operations(MigrationContext.configure(connection))
        with operations.batch_alter_table("metrics") as batch:
            if sys.argv[3] == "wider":
                batch.alter_column("key", existing_type=String(250), type_=String(500))
            else:
                batch.add_column(Column("unit", String(20)))
    sys.exit()

from mlflow.entities import Metric, RunTag  # noqa: E402
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore  # noqa: E402

store = SqlAlchemyStore(f"sqlite:///{path}", "/tmp/world-artifacts")
if verb == "make":
    rows = int(sys.argv[3])
    run = store.create_run("0", "world", 1_700_000_000_000, [RunTag("made", "by the store")], "first")
    run_id = run.info.run_id
    store.log_metric(run_id, Metric("loss", 0.5, 1_700_000_000_000, 0))
    with store.engine.begin() as connection:
        connection.exec_driver_sql("PRAGMA journal_mode = WAL")
    with store.engine.begin() as connection:
        for start in range(1, rows, 50_000):
            connection.execute(
                text(
                    "INSERT INTO metrics (key, value, timestamp, run_uuid, step, is_nan)"
                    " VALUES (:key, :value, :at, :run, :step, 0)"
                ),
                [
                    {
                        "key": f"loss {n % 20}",
                        "value": n / 7,
                        "at": 1_700_000_000_000 + n,
                        "run": run_id,
                        "step": n,
                    }
                    for n in range(start, min(start + 50_000, rows))
                ],
            )
else:
    run = store.search_runs(["0"], None, 1).pop()
    store.log_metric(run.info.run_id, Metric("checked", 1.5, 1_800_000_000_000, 1))
    assert [m.value for m in store.get_metric_history(run.info.run_id, "checked")] == [1.5]
    with store.engine.begin() as connection:
        for table in ("metrics", "latest_metrics"):
            connection.execute(text(f"DELETE FROM {table} WHERE key = 'checked'"))
