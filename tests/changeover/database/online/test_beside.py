"""Online beside other processes and drivers, foreign keys that act meanwhile, and what gets in the way."""

import json
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from tests.changeover.database.online import shapes
from tests.changeover.database.online.shapes import SHAPES, parsed

from changeover.database.chunks import next_size
from changeover.database.connect import connect
from changeover.database.online import follow
from changeover.database.online.control import OnlineOrders
from changeover.database.online.prepare import prepare
from changeover.database.online.rebuild import OnlineRebuild
from changeover.database.online.worker import OnlinePace, Worker
from changeover.errors import BudgetExceeded, Full, Interrupted, InvariantBroken, StepFailed, Unsuitable
from changeover.sql import rebuild

WRITER = """
import json, random, sqlite3, sys, time
sys.path.insert(0, sys.argv[3])
from pathlib import Path
from tests.changeover.database.online import shapes
shape, draw = shapes.SHAPES[0], random.Random(3)
connection = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=60)
done = []
for sql in shapes.writes(shape, draw, 100_000):
    time.sleep(0.02)
    # What reads first and writes then is refused where somebody commits in between, whatever its patience.
    sql = sql.replace("BEGIN;", "BEGIN IMMEDIATE;")
    done.append((sql, bool(shapes.do(connection, sql))))
    if Path(sys.argv[2] + " going").touch() or Path(sys.argv[2]).exists():
        break
print(json.dumps(done))
"""


def test_another_process_writes_all_the_while(work: Path) -> None:
    """One writer, so its order is the order of its commits: the oracle repeats them."""
    path, oracle, stop = work / "t.db", work / "oracle.db", work / "stop"
    shapes.make(SHAPES[0], path, 400, 1)
    shutil.copy(path, oracle)
    root = str(Path(__file__).parents[4])
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), str(stop), root], stdout=subprocess.PIPE, text=True
    ) as writer:
        try:
            while not stop.with_name("stop going").exists():
                assert writer.poll() is None, "the writer ended"
                time.sleep(0.01)
            worker = Worker(
                connection=connect(path), pace=OnlinePace(most_rows=20, pause_s=0.05, swap_s=60.0)
            )
            run = OnlineRebuild(worker=worker, table="t", content_sha256="x")
            shapes.forward(run, SHAPES[0])
        finally:
            stop.touch()
            said, _ = writer.communicate(timeout=120)
    assert worker.measures.keys_followed > 0, "it wrote while the table was copied"
    with closing(sqlite3.connect(oracle, isolation_level=None)) as connection:
        for sql, failed in json.loads(said):
            assert bool(shapes.do(connection, sql)) == failed, sql
    shapes.rebuild_offline(SHAPES[0], oracle)
    assert shapes.contents(path) == shapes.contents(oracle)


FAMILY = """
CREATE TABLE parent (id INTEGER PRIMARY KEY);
CREATE TABLE t (id INTEGER PRIMARY KEY, up INTEGER REFERENCES t (id), parent INTEGER REFERENCES parent (id),
  cascaded INTEGER REFERENCES parent (id) ON DELETE CASCADE, note TEXT);
CREATE TABLE child (id INTEGER PRIMARY KEY, t INTEGER NOT NULL REFERENCES t (id) ON DELETE CASCADE);
CREATE VIEW notes AS SELECT id, note FROM t;
CREATE TABLE seen (id INTEGER);
CREATE TRIGGER child_writes AFTER INSERT ON child BEGIN UPDATE t SET note = 'has a child' WHERE id = NEW.t;
END; CREATE TRIGGER t_seen AFTER UPDATE ON t BEGIN INSERT INTO seen VALUES (NEW.id); END;
INSERT INTO parent SELECT value FROM json_each('[1, 2, 3, 4, 5]');
INSERT INTO t SELECT value, CASE value WHEN 6 THEN 5 END, 1 + value % 2, 3 + value % 3, 'n'
  FROM generate_series;
"""
FAMILY_FORWARD = """
CREATE TABLE t_new (id INTEGER PRIMARY KEY, note TEXT NOT NULL, up INTEGER REFERENCES t (id),
  parent INTEGER CONSTRAINT owner REFERENCES parent (id), cascaded INTEGER,
  FOREIGN KEY (cascaded) REFERENCES parent (id) ON DELETE CASCADE);
INSERT INTO t_new (id, note, up, parent, cascaded) SELECT id, note, up, parent, cascaded FROM t;
DROP TABLE t;
ALTER TABLE t_new RENAME TO t;
CREATE TRIGGER t_seen AFTER UPDATE ON t BEGIN INSERT INTO seen VALUES (NEW.id); END;
"""


def family(path: Path) -> None:
    """Tables that refer to each other, views and triggers that speak of t."""
    numbers = ", ".join(f"({n})" for n in range(1, 31))
    series = f"(SELECT column1 AS value FROM (VALUES {numbers}))"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(FAMILY.replace("generate_series", series))


def run_of(path: Path, **more: object) -> OnlineRebuild:
    worker = Worker(connection=connect(path), pace=shapes.SWIFT, rows=5, **more)  # type: ignore[arg-type]
    return OnlineRebuild(worker=worker, table="t", content_sha256="family")


def go(run: OnlineRebuild, sql: str = FAMILY_FORWARD) -> None:
    with closing(run.worker.connection) as connection:
        run.forward(prepare(connection, parsed(sql)), lambda: None)


def test_foreign_keys_views_and_triggers_act_before_during_and_after(work: Path) -> None:
    path = work / "t.db"
    family(path)
    with closing(sqlite3.connect(path, isolation_level=None, timeout=0)) as application:
        application.execute("PRAGMA foreign_keys = ON")
        todo = [
            # Its row in t goes first: the image, which still has it, must not stand in the way.
            "UPDATE t SET parent = 1 WHERE parent = 2; DELETE FROM parent WHERE id = 2;",
            "DELETE FROM parent WHERE id = 4;",
            "INSERT INTO child (t) VALUES (2);",
            "UPDATE t SET up = NULL WHERE up = 5; DELETE FROM t WHERE id = 5;",
        ]

        def hear(moment: str) -> None:
            if moment == "committed" and todo:
                application.executescript(todo.pop(0))

        go(run_of(path, hook=hear))
        assert todo == []
        assert application.execute("SELECT note FROM notes WHERE id = 2").fetchone() == ("has a child",)
        assert application.execute("SELECT count(*) FROM t WHERE cascaded = 4").fetchone() == (0,)
        assert application.execute("PRAGMA foreign_key_check").fetchall() == []
        for broken in (
            "INSERT INTO child (t) VALUES (99)",
            "INSERT INTO t (note, up) VALUES ('x', 99)",
            "DELETE FROM parent WHERE id = 1",
        ):
            with pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"):
                application.execute(broken)
        seen = application.execute("SELECT count(*) FROM seen").fetchone()[0]
        application.execute("UPDATE t SET note = 'y' WHERE id = 6")
        assert application.execute("SELECT count(*) FROM seen").fetchone() == (seen + 1,)
        application.execute("DELETE FROM t WHERE id = 30")
        assert application.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_a_row_that_the_new_definition_refuses_stops_it_before_the_swap(work: Path) -> None:
    path = work / "t.db"
    family(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE t SET note = NULL WHERE id = 17")
    with pytest.raises(StepFailed, match="NOT NULL constraint failed"):
        go(run_of(path))
    back = "CREATE TABLE t_old (id INTEGER PRIMARY KEY, up, parent, cascaded, note TEXT);" + (
        "INSERT INTO t_old (id, up, parent, cascaded, note) SELECT id, up, parent, cascaded, note FROM t;"
        "DROP TABLE t; ALTER TABLE t_old RENAME TO t;"
    )
    run = run_of(path)
    with closing(run.worker.connection):
        run.back(rebuild.read(parsed(back)), lambda: None)
    with closing(sqlite3.connect(path)) as connection:
        left = connection.execute("SELECT name FROM sqlite_schema WHERE name LIKE 'changeover%'").fetchall()
        assert left == [("changeover_online",)]
        assert connection.execute("SELECT count(*) FROM t").fetchone() == (30,)


def test_a_trigger_that_somebody_drops_meanwhile_is_found_by_the_check(work: Path) -> None:
    path = work / "t.db"
    family(path)
    heard = 0

    def hear(moment: str) -> None:
        nonlocal heard
        heard += moment == "committed"
        if moment == "committed" and heard == 4:
            with closing(sqlite3.connect(path, isolation_level=None)) as other:
                other.execute("DROP TRIGGER changeover_update_t")
                other.execute("UPDATE t SET note = 'unseen' WHERE id = 1")

    with pytest.raises(InvariantBroken, match=r"the first rows that differ \(id\): 1\."):
        go(run_of(path, hook=hear))


def test_a_trigger_that_somebody_drops_while_the_swap_is_held_stops_it(work: Path) -> None:
    path = work / "t.db"
    family(path)
    run, orders = run_of(path), [OnlineOrders(swap_held=True)]

    def meanwhile(part: float | None, left_s: float | None, words: str) -> None:
        if "the swap waits for" in words:
            with closing(sqlite3.connect(path, isolation_level=None)) as other:
                other.execute("DROP TRIGGER changeover_update_t")
                other.execute("UPDATE t SET note = 'unseen' WHERE id = 1")
            orders.append(OnlineOrders())

    run.progress, run.worker.orders = meanwhile, lambda: orders[-1]
    with pytest.raises(InvariantBroken, match="The trigger changeover_update_t is gone"):
        go(run)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT note FROM t WHERE id = 1").fetchone() == ("unseen",)


def test_a_swap_past_its_deadline_is_undone_and_tried_again(work: Path) -> None:
    path = work / "t.db"
    family(path)
    run = run_of(path)
    run.worker.pace = OnlinePace(swap_s=0.0, swap_tries=2, pause_s=0.0)
    with pytest.raises(BudgetExceeded, match="was tried 2 times"):
        go(run)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        assert connection.execute("SELECT phase FROM changeover_online").fetchall() == [("verify",)]
        connection.execute("INSERT INTO t (id, note) VALUES (31, 'later')")
    go(run_of(path))
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM t").fetchone() == (31,)


def test_a_disk_that_is_full_stops_it_and_it_goes_on_where_it_was(work: Path) -> None:
    path = work / "t.db"
    family(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE t SET note = hex(randomblob(4000))")
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
    run = run_of(path)
    run.worker.connection.execute(f"PRAGMA max_page_count = {pages + 20}")
    with pytest.raises((sqlite3.OperationalError, Full), match="full"):
        go(run)
    with closing(sqlite3.connect(path)) as connection:
        (copied,) = connection.execute("SELECT rows_copied FROM changeover_online").fetchone()
        assert 0 < copied < 30
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    run = run_of(path)
    go(run)
    assert run.worker.measures.rows_copied == 30 - copied


def test_a_long_log_is_followed_in_small_steps(work: Path) -> None:
    """All rows change at once, with unique values that move from row to row."""
    path = work / "t.db"
    shapes.make(SHAPES[0], path, 200, 1)
    with closing(sqlite3.connect(path, isolation_level=None)) as application:

        def hear(moment: str) -> None:
            if moment == "committed":
                turns.append(moment)
            if moment == "committed" and len(turns) in (4, 9):
                application.executescript(
                    "BEGIN; UPDATE t SET u = 'x' || u; UPDATE t SET u = coalesce((SELECT substr(o.u, 2)"
                    " FROM t AS o"
                    f" WHERE o.id > t.id ORDER BY o.id LIMIT 1), 'last {len(turns)}'); COMMIT;"
                )

        turns: list[str] = []
        shapes.forward(shapes.online(path, SHAPES[0], hear), SHAPES[0])
        (rows,) = application.execute("SELECT count(*) FROM t").fetchone()
        assert application.execute("SELECT count(DISTINCT u) FROM t").fetchone() == (rows,)


def test_somebody_stops_it_between_two_steps(work: Path) -> None:
    path = work / "t.db"
    family(path)

    def stop() -> None:
        raise Interrupted("ada stopped it")

    with pytest.raises(Interrupted):
        go(run_of(path, may_go_on=stop))
    go(run_of(path))


def test_a_reader_that_stays_is_never_in_the_way(work: Path) -> None:
    path = work / "t.db"
    family(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        before = reader.execute("SELECT count(*), max(note) FROM t").fetchone()
        go(run_of(path))
        assert reader.execute("SELECT count(*), max(note) FROM t").fetchone() == before
        reader.execute("COMMIT")
        assert reader.execute("SELECT count(*) FROM t").fetchone() == (30,)


def test_a_second_change_waits_for_the_first_to_be_finished(work: Path) -> None:
    path = work / "t.db"
    family(path)
    go(run_of(path))
    with pytest.raises(Unsuitable, match="still keeps its old rows"):
        go(run_of(path))
    run = run_of(path)
    with closing(run.worker.connection):
        run.finish()
    go(run_of(path))


def test_threads_of_an_application_wait_and_are_never_refused(work: Path) -> None:
    path = work / "t.db"
    family(path)
    failures: list[str] = []
    stop = threading.Event()

    def writing(place: int) -> None:
        with closing(sqlite3.connect(path, isolation_level=None, timeout=60)) as connection:
            number = 0
            while not stop.is_set():
                number += 1
                try:
                    connection.execute(
                        "INSERT INTO t (id, note) VALUES (?, 'w')", (place * 1_000_000 + number,)
                    )
                    written[place] = number
                    time.sleep(0.001)
                except sqlite3.Error as error:
                    failures.append(str(error))
                    return

    written = {1: 0, 2: 0}
    threads = [threading.Thread(target=writing, args=(place,)) for place in written]
    for one in threads:
        one.start()
    try:
        run = run_of(path)
        run.worker.pace = OnlinePace(swap_s=60.0)
        go(run)
    finally:
        stop.set()
        for one in threads:
            one.join()
    assert failures == []
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM t WHERE note = 'w'").fetchone() == (
            sum(written.values()),
        )


def test_a_table_that_grows_faster_than_it_is_copied_is_noticed(work: Path) -> None:
    path = work / "t.db"
    family(path)
    said: list[str] = []
    with closing(sqlite3.connect(path, isolation_level=None)) as application:
        chunks = 0

        def hear(moment: str) -> None:
            nonlocal chunks
            chunks += moment == "committed"
            if moment == "committed" and chunks < 30:
                application.execute("INSERT INTO t (note) SELECT 'new' FROM json_each('[1,2,3,4,5,6,7,8]')")

        run = run_of(path, hook=hear, say=said.append)
        run.worker.pace = replace(shapes.SWIFT, growth_s=0.0)
        go(run)
        assert application.execute("SELECT count(*) FROM t").fetchone() == (30 + 29 * 8,)
    assert any(sentence.startswith("t grows faster than it is copied: ") for sentence in said)


@pytest.mark.parametrize(("times", "ends"), [(1, True), (20, False)])
def test_chunks_outgrow_the_writers_or_the_copy_ends(work: Path, times: int, ends: bool) -> None:
    """Chunks of five rows beside a writer that changes thirty between two of them, or thirty 20 times."""
    path = work / "t.db"
    family(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as application:

        def hear(moment: str) -> None:
            if moment == "committed" and _phase(application) == "copy":
                application.executescript("BEGIN;" + "UPDATE t SET cascaded = 3;" * times + "COMMIT;")

        run = run_of(path, hook=hear)
        run.worker.pace = replace(shapes.SWIFT, growth_s=0.0, growth_looks=200 if ends else 5)
        if ends:
            go(run)
            assert _phase(application) == "soak"
        else:
            with pytest.raises(StepFailed, match="t is written to faster than it is copied"):
                go(run)


@pytest.mark.parametrize(("commit_s", "rows"), [(0.002, (400, 1_000)), (0.05, (2_000, 4_000))])
def test_a_disk_that_is_slow_to_commit_gets_larger_chunks(commit_s: float, rows: tuple[int, int]) -> None:
    size = 200
    for _ in range(20):
        size = next_size(size, commit_s + size * 20e-6, 0.02, 50_000, fixed_s=commit_s)
    assert rows[0] <= size <= rows[1]


def _phase(connection: sqlite3.Connection) -> str:
    return str(connection.execute("SELECT phase FROM changeover_online").fetchone()[0])


def test_writers_that_are_faster_than_the_copy_can_follow_end_it(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = work / "t.db"
    family(path)
    monkeypatch.setattr(follow, "CATCH_UP_ROUNDS", 3)
    with closing(sqlite3.connect(path, isolation_level=None)) as application:

        def hear(moment: str) -> None:
            if moment == "committed" and _phase(application) == "verify":
                application.execute("UPDATE t SET note = 'again'")

        with pytest.raises(StepFailed, match="written to faster than the copy can follow") as caught:
            go(run_of(path, hook=hear))
        # A run that fails takes the copy away: nothing is there to be resumed.
        assert "resume" not in caught.value.hint.lower()
        assert "give the same command again at a quieter hour" in caught.value.hint
        assert application.execute("SELECT count(*) FROM t").fetchone() == (30,)


def test_a_disk_with_little_room_is_waited_for(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = work / "t.db"
    family(path)
    said: list[str] = []
    free = iter([1_000_000, 2_000_000])
    usage = shutil.disk_usage(work)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage._replace(free=next(free, 1_000_000_000)))
    run = run_of(path, say=said.append)
    run.worker.pace = replace(shapes.SWIFT, look_s=0.001)
    go(run)
    assert said == ["only 1.0 MB are free on the disk; the copy waits until there is more"]

    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage._replace(free=0))
    other = work / "u.db"
    family(other)
    run = run_of(other)
    run.worker.pace = replace(shapes.SWIFT, look_s=0.001, room_wait_s=0.01)
    with pytest.raises(Full, match=r"Only 0\.0 MB are free"):
        go(run)
