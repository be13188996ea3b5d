"""Django: a migration whose work a changeover plan does.

    class Migration(migrations.Migration):
        atomic = False
        dependencies = [("shop", "0001_initial")]
        operations = [
            RunChangeover("shop/changeover/0002.md", name="0002_memo", state_operations=[AddField(...)])
        ]

The plan marks the migration as applied in the transaction that does the work (`mark`, `unmark` are the SQL),
so Django and the database never disagree, whoever is killed. Run by `changeover run`, Django finds nothing
to do; run by `manage.py migrate`, Django writes the mark itself, and the plan's gives way to it. Whenever
`migrate` is killed, `migrate` again ends it.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.db.migrations.operations.base import Operation

from changeover import api
from changeover.check.load import load_plan
from changeover.contrib.running import carry_out, put_in_force
from changeover.plan.model import Phase, SqlAction

TABLE = "django_migrations"


def mark(app: str, name: str) -> str:
    """The SQL with which a plan's script marks a migration as applied; the table belongs into its scope."""
    return (
        f"INSERT INTO {TABLE} (app, name, applied)"
        f" VALUES ('{app}', '{name}', strftime('%Y-%m-%d %H:%M:%f', 'now'));"
    )


def unmark(app: str, name: str) -> str:
    """The SQL with which the way back takes the mark away."""
    return f"DELETE FROM {TABLE} WHERE app = '{app}' AND name = '{name}';"


class RunChangeover(Operation):  # type: ignore[misc]
    """Carries a plan out on the connection's database file, and takes it back when Django migrates backwards.

    ``name`` is the migration's own name. ``state_operations`` say what it does to the models, ``parameters``
    are the plan's, ``confirm`` names boxes that were judged. Where no rehearsal proves the plan, one is made
    first. On a database in memory, as tests have it, the plan's scripts are run as they stand.
    """

    reduces_to_sql = False
    reversible = True

    def __init__(
        self,
        plan: str | Path,
        *,
        name: str,
        state_operations: Sequence[Operation] = (),
        parameters: Mapping[str, str] | None = None,
        confirm: Sequence[str] = (),
    ) -> None:
        self.plan, self.name = Path(plan), name
        self.state_operations, self.confirm = list(state_operations), list(confirm)
        self.parameters = dict(parameters or {})

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        """As Django writes it into a migration."""
        given = {
            "name": self.name,
            "state_operations": self.state_operations,
            "parameters": self.parameters,
            "confirm": self.confirm,
        }
        return type(self).__name__, [str(self.plan)], given

    def state_forwards(self, app_label: str, state: Any) -> None:
        """What the models are afterwards."""
        for operation in self.state_operations:
            operation.state_forwards(app_label, state)

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """Run the plan. Django marks the migration right after this, so the plan's own mark gives way.

        Raises CommandError, which `manage.py` prints without a traceback, where it is refused or fails.
        """
        connection = schema_editor.connection
        if connection.is_in_memory_db():
            self._scripts(Phase.EXECUTE, connection)
        else:
            file = _file(schema_editor)
            act = partial(put_in_force, self.plan, file, parameters=self.parameters, confirm=self.confirm)
            carry_out(act, CommandError)
        with connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM {TABLE} WHERE app = %s AND name = %s", [app_label, self.name])

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """Take the plan's run back."""
        connection = schema_editor.connection
        if connection.is_in_memory_db():
            self._scripts(Phase.ROLLBACK, connection)
        else:
            file = _file(schema_editor)
            carry_out(partial(api.rollback, self.plan, file, confirm=self.confirm), CommandError)

    def describe(self) -> str:
        """For `manage.py migrate`."""
        return f"Runs the changeover plan {self.plan}"

    def _scripts(self, phase: Phase, connection: Any) -> None:
        """The changing scripts of a phase, as they stand: nobody else uses a database in memory."""
        with connection.cursor() as cursor:
            for action in load_plan(self.plan).actions(phase):
                if not isinstance(action, SqlAction) or not action.changes:
                    continue
                for statement in action.statements:
                    if statement.parameters:
                        raise CommandError(
                            f"{statement.position}: a script with :{statement.parameters[0]} cannot run on a"
                            " database in memory; give the test database a file (TEST: {'NAME': ...})."
                        )
                    cursor.execute(statement.text)


def _file(schema_editor: Any) -> Path:
    """The database's file, with Django's own connection closed: changeover opens it by itself."""
    if schema_editor.atomic_migration:
        raise CommandError(
            "changeover has a transaction of its own: write `atomic = False` into the class Migration."
        )
    connection = schema_editor.connection
    connection.close()
    return Path(str(connection.settings_dict["NAME"]))
