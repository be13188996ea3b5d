"""Names of tables and columns in SQL text: how they are quoted, and which are the engine's own."""

OWN_PREFIX = "changeover_"
"""The prefix of the engine's tables and of those kept for a rollback: never compared, never in scope."""
BESIDE_PREFIXES = (
    "_liveone_",
    "_litestream_",
    "__drizzle_",
    "_prisma_",
    "_sqlx_",
    "libsql_",
    "_libsql_",
    "_turso_",
    "turso_",
    "_cf_",
)
"""Prefixes of tables that tools keep in an application's database, and make or drop at any time."""
_ASCII_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}
ONLINE_TABLE = "changeover_online"
ENGINE_TABLES = ("changeover_ledger", "changeover_state", ONLINE_TABLE)
"""No script may write these. Other tables with `OWN_PREFIX` are kept by a plan for its rollback."""


def quoted(name: str) -> str:
    """The name as an SQL identifier, whatever characters it holds."""
    return '"' + name.replace('"', '""') + '"'


def listed(names: "list[str] | tuple[str, ...]") -> str:
    """Quoted names joined by commas."""
    return ", ".join(quoted(name) for name in names)


def identifier_key(name: str) -> str:
    """The form in which SQLite compares names: ASCII letters in lower case, all others as they are."""
    # str.lower would fold letters beyond ASCII as well, which SQLite keeps apart.
    return name.lower() if name.isascii() else name.translate(_ASCII_LOWER)


def is_own(name: str) -> bool:
    """Whether a table belongs to SQLite or to the engine, not to the application."""
    return identifier_key(name).startswith(("sqlite_", OWN_PREFIX))


def is_beside(name: str) -> bool:
    """Whether a table is a tool's bookkeeping beside the application's: no part of its schema."""
    return identifier_key(name).startswith(BESIDE_PREFIXES)


def is_engine(name: str) -> bool:
    """Whether a table is the ledger or the state of the engine."""
    return identifier_key(name) in ENGINE_TABLES
