"""An application of SQLAlchemy whose revision is a plan, run by Alembic and by changeover alike."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

pytest.importorskip("alembic")

INI = "[alembic]\nscript_location = versions_folder\nsqlalchemy.url = sqlite:///shop.db\n"

ENV = """
from alembic import context
from sqlalchemy import create_engine

engine = create_engine(context.config.get_main_option("sqlalchemy.url"))
with engine.connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""

FIRST = """
import sqlalchemy as sa
from alembic import op

revision, down_revision = "a1", None


def upgrade():
    op.create_table("item", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.Text))


def downgrade():
    op.drop_table("item")
"""

SECOND = """
from pathlib import Path

from changeover.contrib.alembic import run_changeover, take_back

revision, down_revision = "b2", "a1"
PLAN = Path(__file__).parent.parent.parent / "memo.md"


def upgrade():
    run_changeover(PLAN, revision=revision, down_revision=down_revision)


def downgrade():
    take_back(PLAN, revision=revision, down_revision=down_revision)
"""

PLAN = """---
database: shop.db
downtime: 1m
rollback-within: 1m
---
# Items have a memo

## Execute

```sql {#memo scope="item alembic_version" rows="item=* alembic_version=*"}
ALTER TABLE item ADD COLUMN memo TEXT;
UPDATE alembic_version SET version_num = 'b2' WHERE version_num = 'a1';
```

## Rollback

```sql {#no-memo undoes=memo scope="item alembic_version" rows="item=* alembic_version=*"}
ALTER TABLE item DROP COLUMN memo;
UPDATE alembic_version SET version_num = 'a1' WHERE version_num = 'b2';
```
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """An application at its first revision, with one row."""
    for name, text in {
        "alembic.ini": INI,
        "memo.md": PLAN,
        "versions_folder/env.py": ENV,
        "versions_folder/versions/a1_first.py": FIRST,
        "versions_folder/versions/b2_memo.py": SECOND,
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    alembic(tmp_path, "upgrade", "a1")
    with closing(sqlite3.connect(tmp_path / "shop.db")) as connection, connection:
        connection.execute("INSERT INTO item (name) VALUES ('old')")
    return tmp_path


def alembic(shop: Path, *words: str) -> str:
    """Alembic's command in a process of its own; it must succeed."""
    return _run(shop, "-m", "alembic", *words)


def _run(shop: Path, *words: str) -> str:
    done = subprocess.run([sys.executable, *words], cwd=shop, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def standing(shop: Path) -> tuple[str, list[str]]:
    """The version, and the columns of the table."""
    with closing(sqlite3.connect(shop / "shop.db")) as connection:
        (version,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        columns = [row[1] for row in connection.execute("PRAGMA table_info(item)")]
    return version, columns


def test_alembic_runs_the_plan_and_takes_it_back(shop: Path) -> None:
    alembic(shop, "upgrade", "head")
    assert standing(shop) == ("b2", ["id", "name", "memo"])
    alembic(shop, "downgrade", "a1")
    assert standing(shop) == ("a1", ["id", "name"])
    alembic(shop, "upgrade", "head")
    assert standing(shop) == ("b2", ["id", "name", "memo"])


def test_what_changeover_ran_alembic_takes_for_applied(shop: Path) -> None:
    _run(shop, "-c", "from changeover.cli.root import main; main()", "run", "memo.md", "--rehearse")
    assert "b2 (head)" in alembic(shop, "current")
    alembic(shop, "upgrade", "head")
    assert standing(shop) == ("b2", ["id", "name", "memo"])
