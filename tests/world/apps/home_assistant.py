"""Home Assistant's recorder tables, made, checked and migrated by its own models and its own migration's steps.

`make PATH ROWS`, `check PATH`, `own PATH KIND`.
"""

import sys
import time

import killed
from homeassistant.components.recorder import migration
from homeassistant.components.recorder.db_schema import (
    SCHEMA_VERSION,
    Base,
    SchemaChanges,
    StateAttributes,
    States,
    StatesMeta,
)
from sqlalchemy import Index, create_engine, event, func, select
from sqlalchemy.orm import Session, scoped_session, sessionmaker

verb, path = sys.argv[1:3]
engine = create_engine(f"sqlite:///{path}")
if verb == "own":
    event.listen(engine, "before_cursor_execute", killed.before_statement)
    maker = scoped_session(sessionmaker(bind=engine, future=True))
    if sys.argv[3] == "column":  # as `migrate_schema` does for each version
        migration._add_columns(maker, "states", ["origin_note VARCHAR(64)"])
        with migration.session_scope(session=maker()) as session:
            session.add(SchemaChanges(schema_version=SCHEMA_VERSION + 1))
    else:
        Index("ix_states_note", States.state, States.last_updated_ts)
        Index("ix_states_old", States.old_state_id, sqlite_where=States.old_state_id.is_not(None))
        migration._create_index(maker, "states", "ix_states_note")
        migration._create_index(maker, "states", "ix_states_old")
elif verb == "make":
    rows = int(sys.argv[3])
    Base.metadata.create_all(engine)
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA journal_mode = WAL")
    began = time.time() - rows * 10
    with Session(engine) as session:
        session.add(SchemaChanges(schema_version=SCHEMA_VERSION))
        session.add_all(StatesMeta(metadata_id=n, entity_id=f"sensor.power_{n}") for n in range(1, 11))
        session.add_all(StateAttributes(attributes_id=n, hash=n, shared_attrs="{}") for n in range(1, 4))
        session.commit()
        for start in range(0, rows, 50_000):
            session.execute(
                States.__table__.insert(),
                [
                    {
                        "metadata_id": n % 10 + 1,
                        "state": str(n % 5000),
                        "attributes_id": n % 3 + 1,
                        "last_updated_ts": began + n * 10,
                        "old_state_id": n - 9 if n > 10 else None,
                    }
                    for n in range(start, min(start + 50_000, rows))
                ],
            )
            session.commit()
else:
    with Session(engine) as session:
        meta = session.scalars(select(StatesMeta).where(StatesMeta.entity_id == "sensor.power_1")).one()
        before = session.scalar(select(func.count()).select_from(States))
        state = States(metadata_id=meta.metadata_id, state="checked", last_updated_ts=time.time())
        session.add(state)
        session.flush()
        newest = session.scalars(select(States).order_by(States.last_updated_ts.desc()).limit(1)).one()
        assert newest.state == "checked", newest.state
        session.delete(state)
        session.commit()
        assert session.scalar(select(func.count()).select_from(States)) == before
