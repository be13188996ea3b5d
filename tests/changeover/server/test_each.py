"""One plan on many namespaces of a server: a list of URLs, each with a state of its own."""

import json
from contextlib import ExitStack
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.store.sqld import Sqld

from changeover.cli.root import main
from changeover.database.connect import opened
from changeover.database.where import Server
from hrana.wire import WireStatement

PLAN = """---
database: ${db}
downtime: 1m
rollback-within: 1m
parameters:
  db: {required: true, help: "the tenant"}
---
# Items have a memo

## Execute

```sql {#memo scope="item" rows="item=*"}
ALTER TABLE item ADD COLUMN memo TEXT;
```

## Rollback

```sql {#no-memo undoes=memo scope="item" rows="item=*"}
ALTER TABLE item DROP COLUMN memo;
```
"""


def test_a_list_of_namespaces_is_run_and_nothing_is_to_do_afterwards(
    sqld: Sqld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "PLAN.md").write_text(PLAN)
    words = ["run", "PLAN.md", "--each", "@tenants.txt", "--json"]
    with ExitStack() as stack:
        urls = [stack.enter_context(sqld.namespace()) for _ in range(3)]
        for url in urls:
            with opened(Server(url)) as remote:
                created = "CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT NOT NULL)"
                remote.apply(
                    [WireStatement(created), WireStatement("INSERT INTO item (name) VALUES ('old')")]
                )
        (tmp_path / "tenants.txt").write_text("# the tenants\n" + "\n".join(urls) + "\n")
        for expected in ("done", "nothing to do"):
            result = CliRunner().invoke(main, words, catch_exceptions=False)
            found = json.loads(result.stdout)
            assert (result.exit_code, [one["outcome"] for one in found["databases"]]) == (0, [expected] * 3)
        for url in urls:
            with opened(Server(url)) as remote:
                assert remote.execute("SELECT name, memo FROM item").fetchall() == [("old", None)]
    assert len(list(tmp_path.glob("*.changeover"))) == 3


UNIQUE = (
    PLAN.replace("Items have a memo", "Names are unique")
    .replace("ALTER TABLE item ADD COLUMN memo TEXT", "CREATE UNIQUE INDEX item_name ON item (name)")
    .replace("ALTER TABLE item DROP COLUMN memo", "DROP INDEX item_name")
)


def test_a_namespace_that_fails_keeps_no_other_and_is_done_once_it_is_mended(
    sqld: Sqld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CHANGEOVER_ADMIN_URL", f"http://127.0.0.1:{sqld.admin_port}")
    (tmp_path / "PLAN.md").write_text(UNIQUE)
    with ExitStack() as stack:
        urls = [stack.enter_context(sqld.namespace()) for _ in range(3)]
        for url, rows in zip(urls, ("('a')", "('a'), ('a')", "('a')"), strict=True):
            with opened(Server(url)) as remote:
                created = "CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT NOT NULL)"
                remote.apply(
                    [WireStatement(created), WireStatement(f"INSERT INTO item (name) VALUES {rows}")]
                )
        (tmp_path / "tenants.txt").write_text("\n".join(urls))

        def outcomes() -> tuple[int, list[str], str]:
            words = ["run", "PLAN.md", "--each", "@tenants.txt", "--max-failures", "2", "--json"]
            result = CliRunner().invoke(main, words, catch_exceptions=False)
            found = json.loads(result.stdout)["databases"]
            return result.exit_code, [one["outcome"] for one in found], json.dumps(found)

        code, first, said = outcomes()
        assert (code, first) == (4, ["done", "rolled back", "done"])
        assert "id 2, name 'a'" in said
        with opened(Server(urls[1])) as remote:
            remote.execute("DELETE FROM item WHERE id = 2")
        assert outcomes()[:2] == (0, ["nothing to do", "done", "nothing to do"])
        indexed = "SELECT count(*) FROM sqlite_schema WHERE name = 'item_name'"
        for url in urls:
            with opened(Server(url)) as remote:
                assert remote.execute(indexed).fetchone() == (1,)
    for url in urls:
        assert list(tmp_path.glob(f"backup-*-{url.partition('=')[2]}-*.db")), "each has a backup of its own"


def test_many_namespaces_are_looked_at_taken_back_and_finished(
    sqld: Sqld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "PLAN.md").write_text(
        PLAN + '\n## Finish\n\n```sql {#tidy scope="item"}\n'
        "UPDATE item SET memo = 'final' WHERE memo IS NULL;\n```\n"
    )

    def each(verb: str) -> tuple[int, list[str]]:
        words = [verb, "PLAN.md", "--each", "@tenants.txt", "--json"]
        result = CliRunner().invoke(main, words, catch_exceptions=False)
        found = json.loads(result.stdout)["databases"]
        return result.exit_code, [str(one["outcome"]) for one in found]

    def columns(url: str) -> list[str]:
        with opened(Server(url)) as remote:
            return [name for (name,) in remote.execute("SELECT name FROM pragma_table_info('item')")]

    with ExitStack() as stack:
        urls = [stack.enter_context(sqld.namespace()) for _ in range(3)]
        for url in urls:
            with opened(Server(url)) as remote:
                created = "CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT NOT NULL)"
                remote.apply(
                    [WireStatement(created), WireStatement("INSERT INTO item (name) VALUES ('old')")]
                )
        (tmp_path / "tenants.txt").write_text("\n".join(urls))
        assert each("status") == (0, ["never run"] * 3)
        assert each("run") == (0, ["done"] * 3)
        assert each("status") == (0, ["done"] * 3)
        assert each("rollback") == (0, ["rolled back"] * 3)
        assert [columns(url) for url in urls] == [["id", "name"]] * 3
        assert each("rollback")[0] == 0, "nothing is left to take back"
        assert each("run") == (0, ["done"] * 3)
        with opened(Server(urls[1])) as remote:
            remote.execute("CREATE INDEX by_somebody ON item (name)")
        code, outcomes = each("finish")
        assert (code != 0, outcomes[::2]) == (True, ["finished"] * 2)
        with opened(Server(urls[1])) as remote:
            assert remote.execute("SELECT memo FROM item").fetchall() == [(None,)]
            remote.execute("DROP INDEX by_somebody")
        assert each("finish")[0] == 0, "the rest is finished, and nothing is done twice"
        assert each("status") == (0, ["finished"] * 3)
        for url in urls:
            with opened(Server(url)) as remote:
                assert remote.execute("SELECT memo FROM item").fetchall() == [("final",)]
