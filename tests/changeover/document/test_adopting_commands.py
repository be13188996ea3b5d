"""The commands of runbooks: what is understood, and what stays shell because something would be lost."""

from pathlib import Path

import pytest

from changeover.plan.model import Phase
from changeover.runbook.classify import limit_s, phase_of, stated_s
from changeover.runbook.commands import split_commands
from changeover.runbook.convert import adopt, read_runbook
from changeover.runbook.curl import expected_lines, read_curl
from changeover.runbook.web_clients import read_call
from changeover.shell.database_commands import CommandKind, read_database_commands
from changeover.shell.script import commands_of


def told(command: str) -> list[tuple[str, CommandKind, str]]:
    (found,) = commands_of(command)
    return [(one.database, one.kind, one.value.text) for one in read_database_commands(found)]


def words(command: str) -> list[str]:
    found = split_commands(command)
    assert found is not None
    return found[0].words


@pytest.mark.parametrize(
    ("command", "database", "kind", "value"),
    [
        ("turso db shell prod < a.sql", "prod", CommandKind.FILE, "a.sql"),
        ("turso db shell prod <a.sql", "prod", CommandKind.FILE, "a.sql"),
        ('turso db shell prod "SELECT 1;\nSELECT 2"', "prod", CommandKind.SQL, "SELECT 1;\nSELECT 2"),
        ("cat a.sql | turso db shell prod", "prod", CommandKind.FILE, "a.sql"),
        ("sqlite3 -bail shop.db < a.sql", "shop.db", CommandKind.FILE, "a.sql"),
        ("sqlite3 shop.db '.read a.sql'", "shop.db", CommandKind.FILE, "a.sql"),
        ("sqlite3 shop.db \\\n  'SELECT 1'", "shop.db", CommandKind.SQL, "SELECT 1"),
        ("turso db shell prod .dump > b.sql", "prod", CommandKind.BACKUP, ".dump"),
        ("sqlite3 shop.db '.backup b.db'", "shop.db", CommandKind.BACKUP, ".backup b.db"),
        ("sqlite3 shop.db \"VACUUM INTO 'b.db'\"", "shop.db", CommandKind.BACKUP, "VACUUM INTO 'b.db'"),
        ("~/.turso/turso db shell prod < a.sql", "prod", CommandKind.FILE, "a.sql"),
        ("/usr/bin/sqlite3 shop.db < a.sql", "shop.db", CommandKind.FILE, "a.sql"),
        ("env TURSO_X=1 turso db shell prod < a.sql", "prod", CommandKind.FILE, "a.sql"),
        ("FOO=1 BAR='a b' turso db shell prod < a.sql", "prod", CommandKind.FILE, "a.sql"),
        ("sudo -u app -E sqlite3 /srv/shop.db < a.sql", "/srv/shop.db", CommandKind.FILE, "a.sql"),
        ("timeout 30 nice -n 5 sqlite3 shop.db < a.sql", "shop.db", CommandKind.FILE, "a.sql"),
        ("time sudo /opt/bin/sqlite3 -bail shop.db < a.sql", "shop.db", CommandKind.FILE, "a.sql"),
        ("< a.sql sqlite3 shop.db", "shop.db", CommandKind.FILE, "a.sql"),
        ("cat < a.sql | sqlite3 shop.db", "shop.db", CommandKind.FILE, "a.sql"),
        ("sqlite3 shop.db < a.sql 2>&1 | tee migrate.log", "shop.db", CommandKind.FILE, "a.sql"),
        ("sqlite3 -init a.sql shop.db", "shop.db", CommandKind.FILE, "a.sql"),
        ("sqlite3 shop.db -cmd '.read a.sql'", "shop.db", CommandKind.FILE, "a.sql"),
        ("sqlite3 shop.db <<'E'\n.bail on\n.read a.sql\nE", "shop.db", CommandKind.FILE, "a.sql"),
        ("sqlite3 shop.db <<E\nSELECT 1;\nE", "shop.db", CommandKind.SQL, "SELECT 1;"),
        ("sqlite3 shop.db <<< 'SELECT 1'", "shop.db", CommandKind.SQL, "SELECT 1"),
        ("echo 'SELECT 1' | turso db shell prod", "prod", CommandKind.SQL, "SELECT 1"),
        ("sqlite3 -header -column shop.db 'SELECT 1'", "shop.db", CommandKind.SQL, "SELECT 1"),
        ("ssh app@host 'sqlite3 /srv/shop.db \"SELECT 1\"'", "/srv/shop.db", CommandKind.SQL, "SELECT 1"),
        ("docker compose exec -T web sqlite3 shop.db 'SELECT 1'", "shop.db", CommandKind.SQL, "SELECT 1"),
        ("sqlite3 shop.db '.restore b.db'", "shop.db", CommandKind.RESTORE, ".restore b.db"),
        ("sqlite3 shop.db < backup-2025.sql", "shop.db", CommandKind.RESTORE, "backup-2025.sql"),
        ("sqlite3 shop.db '.import x.csv t'", "shop.db", CommandKind.OTHER, ".import x.csv t"),
        ("sqlite3 shop.db .tables", "shop.db", CommandKind.LOOK, ".tables"),
    ],
)
def test_database_commands(command: str, database: str, kind: CommandKind, value: str) -> None:
    assert told(command) == [(database, kind, value)]


@pytest.mark.parametrize(
    "command",
    ["turso db list", "turso db shell", "echo sqlite3 a.db", "grep turso db shell"],
)
def test_what_speaks_to_no_database_is_no_database_command(command: str) -> None:
    assert told(command) == []


@pytest.mark.parametrize(
    "command",
    [
        "sed s/a/b/ x.sql | sqlite3 a.db",
        "envsubst < x.sql | sqlite3 a.db",
        "sqlite3 a.db < <(make sql)",
        'sqlite3 a.db "UPDATE t SET x = $(date +%s)"',
        "sqlite3 a.db",
    ],
)
def test_what_only_a_shell_knows_is_said_to_be_something_else(command: str) -> None:
    assert [kind for _, kind, _ in told(command)] == [CommandKind.OTHER]


def test_a_query_whose_answer_another_program_reads_stays_a_shells() -> None:
    (asked,) = read_database_commands(commands_of("sqlite3 a.db 'SELECT 1' | wc -l")[0])
    assert (asked.kind, asked.piped) == (CommandKind.SQL, True)


def test_a_dump_that_is_piped_into_a_database_puts_an_old_state_back() -> None:
    for command in ("sqlite3 a.db .dump | sqlite3 b.db", "gunzip -c x.sql.gz | sqlite3 a.db"):
        assert [kind for _, kind, _ in told(command)] == [CommandKind.RESTORE]


def test_several_scripts_of_one_command_stand_in_their_order() -> None:
    assert told("sqlite3 a.db <<E\nUPDATE t SET x = ';';\n.read b.sql\nSELECT 1;\nE") == [
        ("a.db", CommandKind.SQL, "UPDATE t SET x = ';';"),
        ("a.db", CommandKind.FILE, "b.sql"),
        ("a.db", CommandKind.SQL, "SELECT 1;"),
    ]


def test_a_shells_variables_are_known_where_a_shell_would_put_them_in() -> None:
    live, dead = (read_database_commands(commands_of(f"sqlite3 a.db {q}SELECT $X{q}")[0])[0] for q in "\"'")
    assert live.value.names == {"X"}
    assert dead.value.names == set()


def test_curl_with_headers_continuations_body_and_variables() -> None:
    call = read_curl(
        words('curl -X PUT "$APP/api" \\\n -H \'Content-Type: application/json\' \\\n --data \'{"a": "$B"}\'')
    )
    assert call is not None
    assert call.block(["200"], "").split("\n") == [
        "PUT ${APP}/api", "Content-Type: application/json", "", '{"a": "${B}"}', "", "200"
    ]  # fmt: skip


@pytest.mark.parametrize(
    "command",
    [
        "curl -T f http://h",
        "curl -u a:b http://h",
        "curl -d @f http://h",
        "curl http://a http://b",
        "curl -s",
    ],
)
def test_curl_stays_shell_where_something_would_be_lost(command: str) -> None:
    assert read_curl(words(command)) is None


CALLS = {
    "wget -qO- http://h/health": "GET http://h/health\n200",
    "wget -q -O /dev/null --timeout=5 $APP/health": "GET ${APP}/health\n200",
    "wget --spider -q h:8000/": "HEAD http://h:8000/\n200",
    "wget -qO - --header='X-A: b' --post-data 'x=1' https://h/": "POST https://h/\nX-A: b\n\nx=1\n\n200",
    "http :8000/health": "GET http://localhost:8000/health",
    "http --check-status GET h/api q==a%20b X-A:b": "GET http://h/api?q=a%2520b\nX-A: b\n200",
    "https --ignore-stdin -b h/api": "GET https://h/api",
    "http POST $APP/api name=ada age:=36": "POST ${APP}/api\nContent-Type: application/json\n\n"
    '{"name": "ada", "age": 36}\n',
    "xh put h/api ok:=true": 'PUT http://h/api\nContent-Type: application/json\n\n{"ok": true}\n',
}


@pytest.mark.parametrize(("command", "block"), CALLS.items())
def test_other_clients_make_the_same_checks(command: str, block: str) -> None:
    found = words(command)
    call = read_call(found, found[0])
    assert call is not None
    assert call.block(expected_lines("", None, call.fails), "") == block


@pytest.mark.parametrize(
    "command",
    ["wget http://h/file", "wget -O page.html http://h/", "wget -i urls.txt -O -", "http -f POST h a=b",
     "http -a user:secret h", "http h file@there", "http h a:={", "http"],
)  # fmt: skip
def test_other_clients_stay_shell_where_something_would_be_lost(command: str) -> None:
    found = words(command)
    assert read_call(found, found[0]) is None


def test_a_smoke_test_by_wget_or_httpie_is_a_check_of_the_adopted_plan(tmp_path: Path) -> None:
    runbook = (
        "# Release\n\n## Steps\n\n```bash\nsqlite3 app.db < up.sql\n```\n\n## After\n\n```bash\n"
        "wget -qO- http://127.0.0.1:8000/health # Expected: 200\n"
        'http --check-status :8000/api\n# Expected output:\n# {"ok": true}\n```\n'
    )
    (tmp_path / "up.sql").write_text("ALTER TABLE t ADD COLUMN a TEXT;\n")
    text = adopt(read_runbook(runbook.encode()), folder=tmp_path).plan_text
    assert text.count("```http") == 2
    assert "\n200\n.ok == true" in text


@pytest.mark.parametrize(
    ("header", "kept", "literal"),
    [
        ("Cookie: auth-token=hunter22", "Cookie: auth-token=${AUTH_TOKEN}", "hunter22"),
        ("Authorization: Bearer abc.def", "Authorization: Bearer ${AUTHORIZATION}", "abc.def"),
        ("X-Api-Key: k1", "X-Api-Key: ${X_API_KEY}", "k1"),
    ],
)
def test_secrets_in_headers_become_names(header: str, kept: str, literal: str) -> None:
    call = read_curl(["curl", "-H", header, "http://h"])
    assert call is not None
    assert call.headers == [kept]
    assert call.secrets[0][0] == literal


@pytest.mark.parametrize(
    ("text", "jq", "lines"),
    [
        ("HTTP 204", None, ["204"]),
        ('{"a": {"b": 1}, "c": [1], "d": null}', None, ["200", ".a.b == 1", ".c exists", ".d == null"]),
        ("true", ".ok", ["200 .ok == true"]),
        ("done", ".state", ['200 .state == "done"']),
        ("something nice", None, []),
        ("3", ".items | length", []),
    ],
)
def test_what_a_comment_says_of_an_answer(text: str, jq: str | None, lines: list[str]) -> None:
    assert expected_lines(text, jq, fails=False) == lines


def test_expected_output_stands_in_comments_or_behind_prompts() -> None:
    commented = split_commands("a\n# Expected output:\n# 1|x\n# 2|y\n\n# unrelated\nb")
    prompted = split_commands("$ a\n1|x\n$ b")
    assert commented is not None
    assert prompted is not None
    assert [command.expected_text for command in commented] == ["1|x\n2|y", ""]
    assert [(command.text, command.expected_text) for command in prompted] == [("a", "1|x"), ("b", "")]


@pytest.mark.parametrize(
    "script", ["for x in a; do\n b\ndone", "cat <<EOF\nx", "f() {\n a\n}", "echo 'open", "a || b", "a &\nb"]
)
def test_a_script_that_cannot_be_split_safely_stays_whole(script: str) -> None:
    assert split_commands(script) is None


@pytest.mark.parametrize(
    ("heading", "seconds"),
    [
        ("Run (30 seconds)", 30),
        ("(1-2 min)", 120),
        ("Back (< 1 minute)", 60),
        ("(~1.5h)", 5400),
        ("Run 3 times", None),
    ],
)
def test_limits_in_headings(heading: str, seconds: float | None) -> None:
    assert limit_s(heading) == seconds


def test_a_stated_downtime() -> None:
    assert (
        stated_s("It is quick. Expected downtime: about 5 minutes.\nRollback 9 minutes.", "downtime") == 300
    )


@pytest.mark.parametrize(
    ("heading", "phase"),
    [
        ("Pre-Flight Checklist", Phase.PREFLIGHT), ("Prerequisites", Phase.PREFLIGHT),
        ("Rollback Plan", Phase.ROLLBACK),
        ("Step 2: Run Migration", Phase.EXECUTE), ("Post-deployment checks", Phase.AFTER),
        ("Smoke tests", Phase.EXECUTE),
        ("Timeline", None), ("Deployment contacts", None), ("If anything goes wrong", Phase.ROLLBACK),
    ],
)  # fmt: skip
def test_phases_of_headings(heading: str, phase: Phase | None) -> None:
    assert phase_of(heading) is phase
