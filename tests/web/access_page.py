"""docs/operations/access.md, made of the table of rights; `python -m tests.web.access_page` writes it."""

from pathlib import Path

from liveone.web.auth.rights import MEANING, ROUTES, Right

PAGE = Path(__file__).parents[2] / "docs/operations/access.md"
CALLERS = {
    "nobody": "who shows no credential that holds: none, wrong, revoked, expired, of a disabled account",
    "stranger": "an account to which this system is not shared",
    "viewer": "an account with the role `viewer` on the system",
    "admin": "an account with the role `admin` on the system",
    "owner": "the account that owns the system",
    "operator": "an administrator of the installation; also the single owner by AUTH_PASSWORD",
    "read token": "an API token with the scope `read`, of the operator",
    "write token": "an API token with the scope `write`, of the owner",
    "admin token": "an API token with the scope `admin`, of the operator",
    "share link": "a browser that opened a share link of the system",
    "cron": "who sends CRON_SECRET",
    "source": "who sends the token of a source of the system that sends readings by itself",
}
PEOPLE = {"stranger", "viewer", "admin", "owner", "operator"}
TOKENS = {"read token", "write token", "admin token"}
ALLOWED: dict[Right, set[str]] = {
    Right.ANYBODY: set(CALLERS),
    Right.CRON: {"cron"},
    Right.CRON_OR_ADMINISTRATOR: {"cron", "operator"},
    Right.SOURCE: {"source"},
    Right.SEE: (PEOPLE | TOKENS | {"share link"}) - {"stranger"},
    Right.SIGNED_IN: PEOPLE | TOKENS,
    Right.PERSON: PEOPLE,
    Right.MANAGE: {"admin", "owner", "operator", "write token", "admin token"},
    Right.OWN: {"owner", "operator", "write token", "admin token"},
    Right.ADMINISTRATOR: {"operator", "admin token"},
}
"""Who passes each right, written down apart from the code that decides it: a test holds the two together."""

HEAD = """\
# Who may do what

Made from the table of routes in `src/liveone/web/auth/rights.py` by `python -m tests.web.access_page`; a
test holds this page, the table and a running server together: every route with every caller. A route that is
not in the table is the administrators' alone, and that test fails.

A system that a caller may not see does not exist for them: the answer is 404, as for a number that there is
not. What they may see and not do is 403 with a sentence; without a credential that holds it is 401, and for a
page the way to sign in.

Revoking works at once: sessions, tokens, share links and roles are looked up at every request, and an open
event stream asks again every second. A changed password ends the sessions of its account; disabling one
shuts out everything of it, and its roles and tokens wait.
"""
SEE_ALL = (
    "`see` without a system named (a list, an overview) answers all who were let in, with what they may see."
)


def page() -> str:
    """The text of the page."""
    names = list(CALLERS)
    rights = [f"| {' | '.join(['right', *names])} |", f"|{'---|' * (len(names) + 1)}"]
    for right in Right:
        rights.append(
            f"| {right.value} | {' | '.join('x' if one in ALLOWED[right] else '' for one in names)} |"
        )
    return "\n".join(
        [
            HEAD,
            "## The callers\n",
            *(f"- **{name}**: {meaning}" for name, meaning in CALLERS.items()),
            "\n## The rights\n",
            *(f"- **{right.value}**: {MEANING[right]}" for right in Right),
            "",
            *rights,
            f"\n{SEE_ALL}",
            "\n## The routes\n",
            "| method | path | right |\n|---|---|---|",
            *(f"| {method} | `{path}` | {right.value} |" for (method, path), right in sorted(
                ROUTES.items(), key=lambda one: (one[0][1], one[0][0]))),
            "",
        ]
    )  # fmt: skip


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
