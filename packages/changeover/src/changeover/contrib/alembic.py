"""Alembic: a revision whose work a changeover plan does.

    def upgrade() -> None:
        run_changeover("changeover/0002.md", revision=revision, down_revision=down_revision)

    def downgrade() -> None:
        take_back("changeover/0002.md", revision=revision, down_revision=down_revision)

The plan moves ``alembic_version`` in the transaction that does the work (`mark`, `unmark` are its SQL),
so Alembic and the database never disagree, whoever is killed when. Run by `changeover run`, Alembic finds
nothing to do; run by `alembic upgrade`, Alembic moves the version itself, and the plan's gives way to it.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from alembic import op
from alembic.util import CommandError

from changeover import api
from changeover.contrib.running import carry_out, put_in_force

TABLE = "alembic_version"


def mark(revision: str, down_revision: str) -> str:
    """The SQL with which a plan's script moves the version; the table belongs into its scope."""
    return f"UPDATE {TABLE} SET version_num = '{revision}' WHERE version_num = '{down_revision}';"


def unmark(revision: str, down_revision: str) -> str:
    """The SQL with which the way back moves it back."""
    return mark(down_revision, revision)


def run_changeover(
    plan: str | Path,
    *,
    revision: str,
    down_revision: str,
    parameters: Mapping[str, str] | None = None,
    confirm: Sequence[str] = (),
) -> None:
    """Carry a plan out on the database of `upgrade`; where no rehearsal proves it, one is made first.

    Raises CommandError, which `alembic` prints without a traceback, when it was refused or taken back.
    """
    act = partial(put_in_force, plan, _file(), parameters=parameters, confirm=confirm)
    carry_out(act, CommandError)
    _give_way(revision, down_revision)


def take_back(plan: str | Path, *, revision: str, down_revision: str, confirm: Sequence[str] = ()) -> None:
    """Take the plan's run back, in `downgrade`."""
    carry_out(partial(api.rollback, plan, _file(), confirm=confirm), CommandError)
    _give_way(down_revision, revision)


def _file() -> Path:
    bind: Any = op.get_bind()
    name = bind.engine.url.database
    if bind.dialect.name != "sqlite" or not name or name == ":memory:":
        raise CommandError("changeover changes SQLite files, and this is no file.")
    return Path(name)


def _give_way(now: str, before: str) -> None:
    """Alembic moves the version after this, in the same transaction, and insists that it has not moved."""
    op.execute(f"UPDATE {TABLE} SET version_num = '{before}' WHERE version_num = '{now}'")
