"""What an application adds to SQLite: its functions and collations, given to every connection of changeover.

A plan names them in its front matter: ``functions: [sql_functions.py]``, ``extensions: [./unicode.so]``. A
Python file defines ``register(connection)`` and does there what the application does when it connects
(`create_function`, `create_collation`, `create_aggregate`). Rule: they hold for whoever works within `using`,
and for the threads that are given its context.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from changeover.errors import BadParameter
from changeover.plan.model import PlanFile

Register = Callable[[sqlite3.Connection], None]
_registered: ContextVar[tuple[Register, ...]] = ContextVar("changeover_application", default=())


@contextmanager
def using(functions: Iterable[PlanFile] = (), extensions: Iterable[str | Path] = ()) -> Iterator[None]:
    """Within this every connection has them, and those of a `using` around it. Raises BadParameter."""
    found = (*(_of_file(one) for one in functions), *(_of_library(one) for one in extensions))
    for register in found:
        _tried(register)
    token = _registered.set((*_registered.get(), *found))
    try:
        yield
    finally:
        _registered.reset(token)


def equip(connection: sqlite3.Connection) -> sqlite3.Connection:
    """Give a connection what the application adds; text that is not UTF-8 is read as its bytes."""
    connection.text_factory = _text
    for register in _registered.get():
        register(connection)
    return connection


def _text(raw: bytes) -> str | bytes:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw


def _of_file(file: PlanFile) -> Register:
    module: dict[str, object] = {"__name__": "changeover_functions", "__file__": file.name}
    try:
        exec(compile(file.text, file.name, "exec"), module)
    except Exception as error:
        raise BadParameter(
            f"functions: {file.name} cannot be loaded: {type(error).__name__}: {error}.",
            hint=f"Run it by hand: python {file.name}",
        ) from error
    register = module.get("register")
    if not callable(register):
        raise BadParameter(
            f"functions: {file.name} defines no register(connection).",
            hint="def register(connection): connection.create_function('title_sort', 1, title_sort)",
        )
    found: Register = register
    return found


def _of_library(path: str | Path) -> Register:
    def register(connection: sqlite3.Connection) -> None:
        try:
            connection.enable_load_extension(True)
            connection.load_extension(str(path))
            connection.enable_load_extension(False)
        except (AttributeError, sqlite3.Error) as error:
            raise BadParameter(
                f"extensions: {path} cannot be loaded: {error}.",
                hint="Check the path and the machine it was built for; this Python's sqlite3 must be able to"
                " load extensions.",
            ) from error

    return register


def _tried(register: Register) -> None:
    """Once beforehand, so that a mistake is told before anything is opened."""
    connection = sqlite3.connect(":memory:")
    try:
        register(connection)
    except BadParameter:
        raise
    except Exception as error:
        raise BadParameter(
            f"functions: register(connection) failed: {type(error).__name__}: {error}.",
            hint="It is called with every new connection, and must not ask the database anything.",
        ) from error
    finally:
        connection.close()
