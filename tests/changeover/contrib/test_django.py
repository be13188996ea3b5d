"""A Django application whose migration is a changeover plan, run by Django and by changeover alike."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

pytest.importorskip("django")

SETTINGS = """
from pathlib import Path
SECRET_KEY = "tests"
INSTALLED_APPS = ["shop"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": Path(__file__).parent / "shop.db"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
"""

MODELS = """
from django.db import models


class Item(models.Model):
    name = models.CharField(max_length=50)
    memo = models.TextField(null=True)
"""

INITIAL = """
from django.db import migrations, models


class Migration(migrations.Migration):
    operations = [
        migrations.CreateModel("Item", [
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False,
                verbose_name="ID")),
            ("name", models.CharField(max_length=50)),
        ]),
    ]
"""

MEMO = """
from pathlib import Path

from django.db import migrations, models

from changeover.contrib.django import RunChangeover


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("shop", "0001_initial")]
    operations = [
        RunChangeover(
            Path(__file__).parent.parent / "memo.md",
            name="0002_memo",
            state_operations=[migrations.AddField("Item", "memo", models.TextField(null=True))],
        ),
    ]
"""

PLAN = """---
database: shop.db
downtime: 1m
rollback-within: 1m
---
# Items have a memo

## Execute

```sql {#memo scope="shop_item django_migrations" rows="shop_item=* django_migrations=+1"}
ALTER TABLE shop_item ADD COLUMN memo TEXT;
{mark}
```

## Rollback

```sql {#no-memo undoes=memo scope="shop_item django_migrations" rows="shop_item=*"}
ALTER TABLE shop_item DROP COLUMN memo;
{unmark}
```
"""

USE = """
import django
django.setup()
from shop.models import Item
Item.objects.create(name="new", memo="from Django")
print(sorted(item.memo or "-" for item in Item.objects.all()))
"""

KILLED = """
import os, shutil, signal, traceback
from dataclasses import replace
from pathlib import Path
import django
django.setup()
from django.core.management import call_command
from django.db import connections
from django.db.migrations.recorder import MigrationRecorder
from changeover import api
from changeover.contrib import django as bridge

made, put_in_force, record = api._settings, bridge.put_in_force, MigrationRecorder.record_applied
point, passed = "", []


def die(here):
    if here == point:
        os.kill(os.getpid(), signal.SIGKILL)


def hooked(*arguments):
    def hook(moment):
        die(f"boundary {len(passed)}")
        passed.append(moment)
    return replace(made(*arguments), hook=hook)


def returned(*arguments, **named):
    outcome = put_in_force(*arguments, **named)
    die("the plan is in force")
    return outcome


def noted(*arguments):
    die("the mark gave way")
    record(*arguments)


api._settings, bridge.put_in_force, MigrationRecorder.record_applied = hooked, returned, noted


def in_child(work):
    pid = os.fork()
    if pid == 0:
        try:
            work()
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def migrate():
    call_command("migrate", verbosity=0)
    Path("boundaries").write_text(str(len(passed)))


connections.close_all()
shutil.copyfile("shop.db", "original.db")
assert in_child(migrate) == 0
count = int(Path("boundaries").read_text())
boundaries = sorted({round(count * part / 4) for part in range(4)})
for point in [*(f"boundary {number}" for number in boundaries), "the plan is in force", "the mark gave way"]:
    shutil.rmtree("shop.db.changeover")
    shutil.copyfile("original.db", "shop.db")
    assert in_child(migrate) == -signal.SIGKILL, point
    point = ""
    assert in_child(migrate) == 0, "migrate again does not end it"
    print(point, end="")
    exec(Path("state.py").read_text())
"""
STATE = """
import sqlite3
with sqlite3.connect("shop.db") as connection:
    marks = connection.execute("SELECT name FROM django_migrations WHERE app = 'shop' ORDER BY 1").fetchall()
    assert marks == [("0001_initial",), ("0002_memo",)], marks
    assert connection.execute("SELECT name, memo FROM shop_item").fetchall() == [("old", None)]
connection.close()
"""

TESTS = """
from django.test import TestCase

from shop.models import Item


class Memo(TestCase):
    def test_memo(self):
        self.assertEqual(Item.objects.create(name="a", memo="b").memo, "b")
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A project with one application, its first migration applied and one row written."""
    from changeover.contrib.django import mark, unmark

    for name, text in {
        "settings.py": SETTINGS,
        "shop/__init__.py": "",
        "shop/models.py": MODELS,
        "shop/tests.py": TESTS,
        "shop/memo.md": PLAN.replace("{mark}", mark("shop", "0002_memo")).replace(
            "{unmark}", unmark("shop", "0002_memo")
        ),
        "shop/migrations/__init__.py": "",
        "shop/migrations/0001_initial.py": INITIAL,
        "shop/migrations/0002_memo.py": MEMO,
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    manage(tmp_path, "migrate", "shop", "0001")
    with closing(sqlite3.connect(tmp_path / "shop.db")) as connection, connection:
        connection.execute("INSERT INTO shop_item (name) VALUES ('old')")
    return tmp_path


def manage(shop: Path, *words: str) -> str:
    """Django's command in a process of its own; it must succeed."""
    return _python(shop, "-m", "django", *words)


def _python(shop: Path, *words: str) -> str:
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "settings", "PYTHONPATH": str(shop)}
    done = subprocess.run([sys.executable, *words], cwd=shop, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def marks(shop: Path) -> list[str]:
    """The migrations of the application that Django takes for applied."""
    with closing(sqlite3.connect(shop / "shop.db")) as connection:
        rows = connection.execute("SELECT name FROM django_migrations WHERE app = 'shop' ORDER BY name")
        return [name for (name,) in rows]


def test_django_runs_the_plan_and_takes_it_back(shop: Path) -> None:
    manage(shop, "migrate")
    assert marks(shop) == ["0001_initial", "0002_memo"]
    assert "['-', 'from Django']" in _python(shop, "-c", USE)
    assert "No changes" in manage(shop, "makemigrations", "--check", "--dry-run")
    manage(shop, "migrate", "shop", "0001")
    assert marks(shop) == ["0001_initial"]
    with closing(sqlite3.connect(shop / "shop.db")) as connection:
        assert connection.execute("SELECT name FROM shop_item ORDER BY id").fetchall() == [("old",), ("new",)]
    manage(shop, "migrate")
    assert marks(shop) == ["0001_initial", "0002_memo"]


def test_what_changeover_ran_django_takes_for_applied(shop: Path) -> None:
    changeover = [sys.executable, "-c", "from changeover.cli.root import main; main()"]
    for words in (["run", "shop/memo.md", "--rehearse"], ["run", "shop/memo.md", "--rehearse"]):
        done = subprocess.run(
            [*changeover, *words, "--database", "shop.db"], cwd=shop, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
    assert "[X] 0002_memo" in manage(shop, "showmigrations", "shop")
    manage(shop, "migrate")
    assert marks(shop) == ["0001_initial", "0002_memo"]
    assert "['-', 'from Django']" in _python(shop, "-c", USE)


def test_djangos_own_tests_run_on_a_database_in_memory(shop: Path) -> None:
    manage(shop, "test", "shop")


def test_whenever_migrate_is_killed_migrate_again_ends_it(shop: Path) -> None:
    """`atomic = False`: nothing but the plan's own transaction holds the change and Django's mark together.

    One process that forks for every moment: Django starts once.
    """
    (shop / "state.py").write_text(STATE)
    _python(shop, "-c", KILLED)
