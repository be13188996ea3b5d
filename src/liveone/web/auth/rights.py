"""Who may do what: the one function that decides it, and the one table of all routes.

Rule: a route that is not in the table is the administrators' alone, and a test fails for it. Whoever may not
even see a system gets the answer of a system that does not exist.
"""

from enum import StrEnum

from liveone.accounts.credentials import SCOPES
from liveone.web.auth.callers import Caller


class Right(StrEnum):
    """What a route asks of its caller."""

    ANYBODY = "anybody"
    CRON = "cron secret"
    CRON_OR_ADMINISTRATOR = "cron secret or administrator"
    SOURCE = "source"
    SEE = "see"
    SIGNED_IN = "signed in"
    PERSON = "person"
    MANAGE = "manage"
    OWN = "own"
    ADMINISTRATOR = "administrator"


MEANING = {
    Right.ANYBODY: "everybody; a route that takes a link or a password checks it itself",
    Right.CRON: "who sends CRON_SECRET",
    Right.CRON_OR_ADMINISTRATOR: "who sends CRON_SECRET, or administers the installation",
    Right.SOURCE: "who sends the token of a source that sends readings by itself, for its system",
    Right.SEE: "whoever was let in, an opened share link too, for the systems that they may see",
    Right.SIGNED_IN: "an account, by session or by API token; no share link",
    Right.PERSON: "an account in its browser, by session: no API token, no share link",
    Right.MANAGE: "who is admin or owner of the system, with at least the scope `write`",
    Right.OWN: "who owns the system, with at least the scope `write`",
    Right.ADMINISTRATOR: "administrators of the installation, with the scope `admin`",
}

ROUTES: dict[tuple[str, str], Right] = {
    ("GET", "/"): Right.SEE,
    ("GET", "/dashboard"): Right.SEE,
    ("GET", "/dashboard/{system_id}"): Right.SEE,
    ("GET", "/admin"): Right.SIGNED_IN,
    ("GET", "/me"): Right.PERSON,
    ("GET", "/login"): Right.ANYBODY,
    ("GET", "/login/with/{name}"): Right.ANYBODY,
    ("GET", "/login/from/{name}"): Right.ANYBODY,
    ("GET", "/join"): Right.ANYBODY,
    ("GET", "/s/{token}"): Right.ANYBODY,
    ("GET", "/sign-in"): Right.ANYBODY,
    ("GET", "/setup"): Right.ANYBODY,
    ("GET", "/admin/users"): Right.ANYBODY,
    ("GET", "/admin/storage"): Right.ANYBODY,
    ("GET", "/admin/activity"): Right.ANYBODY,
    ("GET", "/admin/systems"): Right.ANYBODY,
    ("GET", "/docs"): Right.ANYBODY,
    ("GET", "/openapi.json"): Right.ANYBODY,
    ("GET", "/offline"): Right.ANYBODY,
    ("GET", "/service-worker.js"): Right.ANYBODY,
    ("GET", "/favicon.ico"): Right.ANYBODY,
    ("GET", "/static/{path:path}"): Right.ANYBODY,
    ("GET", "/api/health"): Right.ANYBODY,
    ("GET", "/api/health/live"): Right.ANYBODY,
    ("GET", "/api/health/ready"): Right.ANYBODY,
    ("GET", "/metrics"): Right.SIGNED_IN,
    ("POST", "/api/auth/login"): Right.ANYBODY,
    ("POST", "/api/auth/passkey/ask"): Right.ANYBODY,
    ("POST", "/api/auth/passkey"): Right.ANYBODY,
    ("POST", "/api/auth/logout"): Right.ANYBODY,
    ("POST", "/api/auth/link"): Right.ANYBODY,
    ("POST", "/api/auth/join"): Right.ANYBODY,
    ("POST", "/api/auth/share"): Right.ANYBODY,
    ("GET", "/api/auth/check-admin"): Right.SEE,
    ("GET", "/api/systems"): Right.SEE,
    ("GET", "/api/data"): Right.SEE,
    ("GET", "/api/overview"): Right.SEE,
    ("GET", "/api/history"): Right.SEE,
    ("GET", "/api/v2/history"): Right.SEE,
    ("GET", "/api/readings"): Right.SEE,
    ("POST", "/api/readings"): Right.SOURCE,
    ("POST", "/api/write"): Right.SOURCE,
    ("POST", "/api/v2/write"): Right.SOURCE,
    ("GET", "/api/coverage"): Right.SEE,
    ("GET", "/api/faults"): Right.SEE,
    ("GET", "/api/stream"): Right.SEE,
    ("GET", "/api/setup"): Right.SIGNED_IN,
    ("POST", "/api/setup"): Right.SIGNED_IN,
    ("GET", "/api/me"): Right.PERSON,
    ("PATCH", "/api/me"): Right.PERSON,
    ("POST", "/api/me/password"): Right.PERSON,
    ("DELETE", "/api/me/sessions/{label}"): Right.PERSON,
    ("POST", "/api/me/tokens"): Right.PERSON,
    ("DELETE", "/api/me/tokens/{label}"): Right.PERSON,
    ("POST", "/api/me/invitations"): Right.PERSON,
    ("POST", "/api/me/app"): Right.PERSON,
    ("PUT", "/api/me/app"): Right.PERSON,
    ("DELETE", "/api/me/app"): Right.PERSON,
    ("POST", "/api/me/passkeys/ask"): Right.PERSON,
    ("POST", "/api/me/passkeys"): Right.PERSON,
    ("DELETE", "/api/me/passkeys/{label}"): Right.PERSON,
    ("POST", "/api/me/recovery-codes"): Right.PERSON,
    ("POST", "/api/me/identities"): Right.PERSON,
    ("DELETE", "/api/me/identities/{label}"): Right.PERSON,
    ("GET", "/api/systems/{system_id}/points"): Right.SEE,
    ("PATCH", "/api/systems/{system_id}/points/{point_id}"): Right.MANAGE,
    ("DELETE", "/api/systems/{system_id}/points/{point_id}"): Right.OWN,
    ("GET", "/api/systems/{system_id}/sharing"): Right.MANAGE,
    ("POST", "/api/systems/{system_id}/shares"): Right.MANAGE,
    ("DELETE", "/api/systems/{system_id}/links/{label}"): Right.MANAGE,
    ("POST", "/api/systems/{system_id}/invitations"): Right.OWN,
    ("PUT", "/api/systems/{system_id}/people/{account}"): Right.OWN,
    ("DELETE", "/api/systems/{system_id}/people/{account}"): Right.OWN,
    ("POST", "/api/admin/users/invite"): Right.ADMINISTRATOR,
    ("POST", "/api/admin/users/{account}/reset"): Right.ADMINISTRATOR,
    ("PATCH", "/api/admin/users/{account}"): Right.ADMINISTRATOR,
    ("DELETE", "/api/admin/users/{account}"): Right.ADMINISTRATOR,
    ("GET", "/api/admin/audit"): Right.ADMINISTRATOR,
    ("GET", "/api/cron/minutely"): Right.CRON,
    ("POST", "/api/cron/minutely"): Right.CRON,
    ("GET", "/api/cron/daily"): Right.CRON,
    ("POST", "/api/cron/daily"): Right.CRON_OR_ADMINISTRATOR,
    ("GET", "/api/admin/systems"): Right.ADMINISTRATOR,
    ("GET", "/api/admin/users"): Right.ADMINISTRATOR,
    ("GET", "/api/admin/storage"): Right.ADMINISTRATOR,
    ("GET", "/api/admin/accounts"): Right.ADMINISTRATOR,
    ("POST", "/api/admin/accounts/{name}/discover"): Right.ADMINISTRATOR,
    ("POST", "/api/admin/check"): Right.ADMINISTRATOR,
    ("POST", "/api/admin/test-connection"): Right.ADMINISTRATOR,
    ("POST", "/api/admin/systems"): Right.ADMINISTRATOR,
    ("GET", "/api/admin/time-zones"): Right.ADMINISTRATOR,
    ("GET", "/api/admin/source-kinds"): Right.ADMINISTRATOR,
    ("POST", "/api/admin/source-look"): Right.ADMINISTRATOR,
    ("GET", "/api/admin/systems/{system_id}/sources"): Right.ADMINISTRATOR,
    ("POST", "/api/admin/systems/{system_id}/sources"): Right.ADMINISTRATOR,
    ("POST", "/api/admin/systems/{system_id}/sources/check"): Right.ADMINISTRATOR,
    ("DELETE", "/api/admin/systems/{system_id}/sources/{name}"): Right.ADMINISTRATOR,
    ("PATCH", "/api/admin/systems/{system_id}"): Right.MANAGE,
    ("GET", "/api/admin/systems/{system_id}/rows"): Right.MANAGE,
    ("DELETE", "/api/admin/systems/{system_id}"): Right.OWN,
    ("POST", "/api/admin/systems/{system_id}/import"): Right.MANAGE,
    ("POST", "/api/admin/systems/{system_id}/readings"): Right.MANAGE,
    ("GET", "/api/admin/changes"): Right.ADMINISTRATOR,
    ("POST", "/api/admin/changes/{change_id}/undo"): Right.ADMINISTRATOR,
    ("GET", "/api/admin/migrations"): Right.ADMINISTRATOR,
    ("GET", "/api/admin/migrations/{run_id}/report"): Right.ADMINISTRATOR,
    ("GET", "/api/admin/health"): Right.ADMINISTRATOR,
    ("GET", "/api/admin/backups"): Right.ADMINISTRATOR,
    ("POST", "/api/admin/backups"): Right.ADMINISTRATOR,
    ("GET", "/api/admin/backups/{name}"): Right.ADMINISTRATOR,
    ("GET", "/api/admin/backups/{name}/contents"): Right.ADMINISTRATOR,
    ("POST", "/api/admin/backups/{name}/restore"): Right.ADMINISTRATOR,
}


def role_in(caller: Caller, system_id: int) -> str | None:
    """What the caller is to a system: viewer, admin, owner; None: it does not exist for them."""
    role = "owner" if caller.sees_all else caller.roles.get(system_id)
    return "viewer" if role is not None and caller.scope == SCOPES[0] else role


def may(caller: Caller, right: Right, system_id: int | None = None) -> bool:
    """Whether the caller has a right: of the installation, or on a system. The one place that decides it."""
    if right is Right.SEE:
        return system_id is None or role_in(caller, system_id) is not None
    if right is Right.SIGNED_IN:
        return caller.kind != "share"
    if right is Right.PERSON:
        return caller.kind in ("person", "owner")
    if right is Right.MANAGE:
        return system_id is not None and role_in(caller, system_id) in ("admin", "owner")
    if right is Right.OWN:
        return system_id is not None and role_in(caller, system_id) == "owner"
    return right is Right.ANYBODY or (right is Right.ADMINISTRATOR and caller.is_admin)


def right_of(method: str, path: str) -> Right:
    """What a route asks."""
    return ROUTES.get((method, path), Right.ADMINISTRATOR)
