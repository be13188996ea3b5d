"""Half keys in every ordinary spelling are found; whole ones, in as many, are left alone."""

# ruff: noqa: E501 - a statement a line is read at once

from pathlib import Path

import pytest

from changeover.check.lint import lint
from changeover.check.schema_copy import schema_of_script
from changeover.plan.read import read_text

SCHEMA = schema_of_script("""
CREATE TABLE info (system_id INTEGER, id INTEGER, kind TEXT, PRIMARY KEY (system_id, id));
CREATE TABLE agg (system_id INTEGER, point_id INTEGER, t INTEGER, avg REAL, PRIMARY KEY (system_id, point_id, t))
  WITHOUT ROWID;
CREATE TABLE systems (id INTEGER PRIMARY KEY, owner TEXT, n INTEGER, total REAL);
CREATE TABLE gaps (system_id INTEGER, from_t INTEGER, to_t INTEGER);
CREATE TABLE holes (system_id INTEGER, from_t INTEGER, to_t INTEGER, PRIMARY KEY (system_id, from_t));
CREATE VIEW kinds AS SELECT p.system_id, p.id, p.kind FROM info AS p;
CREATE TABLE labels (id INTEGER PRIMARY KEY, point_id INTEGER, system_id INTEGER, text TEXT);
CREATE TRIGGER was_there AFTER INSERT ON agg BEGIN UPDATE labels SET text = 'x' WHERE point_id = new.point_id; END;
""")
ATTRIBUTES = 'scope="agg info systems labels" rows="agg=any info=any systems=any labels=any"'


def found(sql: str) -> list[str]:
    """The half keys of a statement, as sentences."""
    text = f"---\ndatabase: x\n---\n# T\n## Execute\n```sql {{#a {ATTRIBUTES}}}\n{sql}\n```\n"
    plan, faults = read_text(text, Path("PLAN.md"))
    assert faults == []
    assert plan is not None
    problems = lint(plan, SCHEMA)
    assert [one.message for one in problems if one.rule == "sql"] == []
    return [one.message for one in problems if one.rule == "half-key"]


HALF = {
    "alias and EXISTS": "UPDATE agg AS a SET avg = NULL WHERE EXISTS"
    " (SELECT 1 FROM info p WHERE p.id = a.point_id AND p.kind = 'x')",
    "unqualified": "UPDATE agg SET avg = NULL WHERE EXISTS (SELECT 1 FROM info p WHERE p.id = point_id)",
    "turned round": "UPDATE agg SET avg = NULL WHERE EXISTS (SELECT 1 FROM info WHERE point_id = info.id)",
    "scalar count": "UPDATE agg SET avg = NULL WHERE (SELECT count(*) FROM info p WHERE p.id = point_id) > 0",
    "scalar equal": "UPDATE agg SET avg = NULL WHERE 'x' = (SELECT kind FROM info p WHERE p.id = agg.point_id)",
    "scalar value": "UPDATE agg SET avg = NULL WHERE point_id = (SELECT id FROM info WHERE kind = 'x')",
    "IN cte": "WITH bad AS (SELECT id FROM info WHERE kind = 'x') UPDATE agg SET avg = NULL WHERE point_id IN bad",
    "IN (SELECT FROM cte)": "WITH bad(n) AS (SELECT id FROM info) DELETE FROM agg"
    " WHERE point_id IN (SELECT n FROM bad)",
    "IN derived": "DELETE FROM agg WHERE point_id IN (SELECT x.id FROM (SELECT id FROM info) AS x)",
    "IN UNION": "DELETE FROM agg WHERE point_id IN (SELECT id FROM info WHERE kind = 'a' UNION SELECT id FROM info)",
    "UPDATE FROM": "UPDATE agg SET avg = 0 FROM info p WHERE p.id = agg.point_id AND p.kind = 'x'",
    "UPDATE FROM alias": "UPDATE agg AS a SET avg = 0 FROM info AS p WHERE a.point_id = p.id",
    "UPDATE FROM derived": "UPDATE agg SET avg = 0 FROM (SELECT id FROM info) AS p WHERE p.id = agg.point_id",
    "UPDATE FROM JOIN": "UPDATE agg SET avg = 0 FROM systems s JOIN info p ON p.system_id = s.id"
    " WHERE p.id = agg.point_id",
    "DELETE IN": "DELETE FROM agg WHERE point_id IN (SELECT id FROM info WHERE kind = 'x')",
    "one side constant": "DELETE FROM agg WHERE point_id IN (SELECT id FROM info WHERE system_id = 5)",
    "a cast": "DELETE FROM agg WHERE EXISTS (SELECT 1 FROM info p WHERE CAST(p.id AS TEXT) = agg.point_id)",
    "OR": "DELETE FROM agg WHERE avg > 9 OR point_id IN (SELECT id FROM info)",
    "self join": "DELETE FROM agg WHERE (system_id, point_id, t) IN"
    " (SELECT a.system_id, a.point_id, a.t FROM agg a JOIN info p ON p.id = a.point_id)",
    "row of a table without such a key": "UPDATE labels SET text = NULL WHERE rowid IN"
    " (SELECT l.rowid FROM labels l JOIN info p ON p.id = l.point_id)",
    "value for SET": "UPDATE labels SET text = (SELECT kind FROM info p WHERE p.id = labels.point_id)",
    "CASE in SET": "UPDATE agg SET avg = CASE WHEN point_id IN (SELECT id FROM info WHERE kind = 'x') THEN NULL"
    " ELSE avg END WHERE t > 0",
    "IIF in SET": "UPDATE agg SET avg = iif(EXISTS (SELECT 1 FROM info p WHERE p.id = point_id), NULL, avg) WHERE t > 0",
    "back-quoted": "DELETE FROM `agg` WHERE `point_id` IN (SELECT `id` FROM `info`)",
    "NOT IN": "DELETE FROM agg WHERE point_id NOT IN (SELECT id FROM info WHERE system_id = 5)",
    "NOT (IN)": "DELETE FROM agg WHERE NOT (t > 5 AND point_id IN (SELECT id FROM info))",
    "NOT EXISTS": "DELETE FROM agg WHERE NOT EXISTS (SELECT 1 FROM info p WHERE p.id = agg.point_id)",
    "NOT IN, the rest excluded by a list": "DELETE FROM agg WHERE system_id NOT IN (1, 2)"
    " AND point_id IN (SELECT id FROM info)",
    "unequal": "DELETE FROM agg WHERE point_id <> (SELECT id FROM info WHERE kind = 'x')",
    "IS NOT": "DELETE FROM agg WHERE point_id IS NOT (SELECT id FROM info WHERE kind = 'x')",
    "EXCEPT": "DELETE FROM agg WHERE point_id IN (SELECT point_id FROM labels EXCEPT SELECT id FROM info)",
    "IN = 1": "DELETE FROM agg WHERE (point_id IN (SELECT id FROM info)) = 1",
    "coalesce of IN": "DELETE FROM agg WHERE coalesce(point_id IN (SELECT id FROM info), 0)",
    "CASE in WHERE": "DELETE FROM agg WHERE CASE WHEN point_id IN (SELECT id FROM info) THEN 1 ELSE 0 END",
    "OR in a subquery": "DELETE FROM agg WHERE EXISTS (SELECT 1 FROM info p WHERE (p.id = agg.point_id"
    " AND p.system_id = agg.system_id) OR p.id = agg.point_id)",
    "HAVING": "DELETE FROM agg WHERE EXISTS (SELECT 1 FROM info p GROUP BY p.id HAVING p.id = agg.point_id)",
    "a view": "DELETE FROM agg WHERE point_id IN (SELECT id FROM kinds)",
    "a view for SET": "UPDATE labels SET text = (SELECT kind FROM kinds k WHERE k.id = labels.point_id)",
    "a row of values": "UPDATE labels SET (text, id) = (SELECT kind, 1 FROM info p WHERE p.id = labels.point_id)",
    "a product in SET": "UPDATE agg SET avg = avg * (point_id IN (SELECT id FROM info)) WHERE t > 0",
    "anti-join": "DELETE FROM labels WHERE id IN (SELECT l.id FROM labels l LEFT JOIN info p"
    " ON p.id = l.point_id WHERE p.id IS NULL)",
    "REPLACE": "INSERT OR REPLACE INTO agg (system_id, point_id, t, avg) SELECT a.system_id, a.point_id, a.t, NULL"
    " FROM agg a JOIN info p ON p.id = a.point_id",
    "REPLACE, no columns": "REPLACE INTO agg SELECT a.system_id, a.point_id, a.t, NULL FROM agg a"
    " WHERE a.point_id IN (SELECT id FROM info)",
    "UPSERT": "INSERT INTO agg (system_id, point_id, t, avg) SELECT a.system_id, a.point_id, a.t, NULL FROM agg a"
    " JOIN info p ON p.id = a.point_id WHERE true ON CONFLICT DO UPDATE SET avg = excluded.avg",
    "UPSERT, its SET": "INSERT INTO labels (id) SELECT id FROM systems WHERE true ON CONFLICT (id)"
    " DO UPDATE SET text = (SELECT kind FROM info p WHERE p.id = labels.point_id)",
    "a copy for a rebuild": "INSERT INTO agg (system_id, point_id, t, avg)"
    " SELECT l.system_id, l.id, 0, p.id FROM labels l LEFT JOIN info p ON p.id = l.point_id",
    "CREATE TABLE AS": "CREATE TABLE copied AS SELECT l.system_id, p.kind FROM labels l JOIN info p ON p.id = l.point_id",
    "CREATE TEMP TABLE AS": "CREATE TEMP TABLE copied AS SELECT l.id, l.system_id FROM labels l"
    " LEFT JOIN info p ON p.id = l.point_id",
    "a trigger": "CREATE TRIGGER a AFTER UPDATE ON info BEGIN"
    " UPDATE agg SET avg = NULL WHERE point_id = NEW.id; END",
    "a trigger's second statement": "CREATE TRIGGER a AFTER DELETE ON \"info\" WHEN old.kind = 'x;y' BEGIN"
    " DELETE FROM agg WHERE system_id = old.system_id AND point_id = old.id;"
    " DELETE FROM agg WHERE point_id = old.id; END",
    "a trigger with a subquery": "CREATE TRIGGER a AFTER INSERT ON systems BEGIN"
    " UPDATE agg SET avg = 0 WHERE point_id IN (SELECT id FROM info WHERE kind = NEW.owner); END",
    "a trigger that looks into another table": "CREATE TRIGGER a AFTER INSERT ON agg BEGIN"
    " UPDATE labels SET text = 'seen' WHERE point_id = NEW.point_id; END",
    "coalesce of a scalar": "DELETE FROM agg WHERE point_id = coalesce((SELECT id FROM info WHERE kind = 'x'), 0)",
    "BETWEEN subqueries": "DELETE FROM agg WHERE point_id BETWEEN (SELECT min(id) FROM info WHERE kind = 'x')"
    " AND (SELECT max(id) FROM info WHERE kind = 'x')",
    "two ranges": "DELETE FROM agg WHERE point_id >= (SELECT min(id) FROM info WHERE kind = 'x')"
    " AND (SELECT max(id) FROM info WHERE kind = 'x') >= point_id",
    "BETWEEN one value": "DELETE FROM agg WHERE EXISTS (SELECT 1 FROM info p WHERE point_id BETWEEN p.id AND p.id)",
    "from below and above": "DELETE FROM agg WHERE EXISTS (SELECT 1 FROM info p WHERE p.id <= point_id AND p.id >= point_id)",
    "after a row": "DELETE FROM agg WHERE (point_id, t) >= (SELECT id, 0 FROM info WHERE kind = 'x')",
    "before a row": "DELETE FROM agg WHERE EXISTS (SELECT 1 FROM info p WHERE (p.id, 9) > (point_id, t))",
    "between rows": "DELETE FROM agg WHERE (point_id, t) BETWEEN (SELECT min(id), 0 FROM info) AND (SELECT max(id), 9 FROM info)",
    "a difference": "DELETE FROM agg WHERE EXISTS (SELECT 1 FROM info p WHERE 0 = p.id - agg.point_id)",
    "a small difference": "DELETE FROM agg WHERE EXISTS (SELECT 1 FROM info p WHERE abs(p.id - point_id) < 1)",
    "LIKE": "DELETE FROM agg WHERE EXISTS (SELECT 1 FROM info p WHERE p.id LIKE point_id)",
    "GLOB": "DELETE FROM agg WHERE EXISTS (SELECT 1 FROM info p WHERE p.id GLOB point_id)",
    "instr": "DELETE FROM agg WHERE instr((SELECT ',' || group_concat(id) || ',' FROM info), ',' || point_id || ',')",
    "instr > 0": "DELETE FROM agg WHERE instr((SELECT group_concat(id) FROM info), point_id) > 0",
    "not unequal": "DELETE FROM agg WHERE EXISTS (SELECT 1 FROM info p WHERE NOT p.id <> point_id)",
    "neither": "DELETE FROM agg WHERE EXISTS (SELECT 1 FROM info p WHERE NOT (p.id <> point_id OR p.kind <> 'x'))",
    "a window": "DELETE FROM agg WHERE point_id IN (SELECT first_value(id) OVER (PARTITION BY kind ORDER BY id) FROM info)",
    "FILTER": "DELETE FROM agg WHERE point_id = (SELECT max(id) FILTER (WHERE kind = 'x') FROM info)",
    "CASE in a subquery": "DELETE FROM agg WHERE point_id IN (SELECT CASE WHEN kind = 'x' THEN id END FROM info)",
    "a temporary table": "CREATE TEMP TABLE bad AS SELECT id FROM info WHERE kind = 'x';"
    " DELETE FROM agg WHERE point_id IN (SELECT id FROM bad)",
    "within a gap of any": "DELETE FROM agg WHERE EXISTS (SELECT 1 FROM holes h WHERE t BETWEEN h.from_t AND h.to_t)",
    "other case": "DELETE FROM AGG WHERE Point_Id IN (SELECT ID FROM Info)",
}
WHOLE = {
    "rows that nothing refers to": "DELETE FROM info WHERE NOT EXISTS"
    " (SELECT 1 FROM agg a WHERE a.system_id = info.system_id AND a.point_id = info.id)",
    "the case of C1": "UPDATE agg SET avg = NULL WHERE (system_id, point_id) IN (SELECT system_id, id FROM info)",
    "EXISTS": "UPDATE agg AS a SET avg = 0 WHERE EXISTS"
    " (SELECT 1 FROM info p WHERE p.id = a.point_id AND p.system_id = a.system_id)",
    "unqualified": "DELETE FROM agg WHERE EXISTS"
    " (SELECT 1 FROM info p WHERE p.id = point_id AND p.system_id = agg.system_id)",
    "by way of a third": "DELETE FROM agg WHERE EXISTS (SELECT 1 FROM info p JOIN systems s ON s.id = p.system_id"
    " WHERE p.id = agg.point_id AND s.id = agg.system_id)",
    "both constant": "DELETE FROM agg WHERE system_id = 5"
    " AND point_id IN (SELECT id FROM info WHERE system_id = 5)",
    "parameters": "DELETE FROM agg WHERE system_id = :s AND point_id IN (SELECT id FROM info WHERE system_id = :s)",
    "cte": "WITH bad AS (SELECT system_id, id FROM info) DELETE FROM agg WHERE (system_id, point_id) IN bad",
    "UPDATE FROM": "UPDATE agg SET avg = 0 FROM info p WHERE p.id = agg.point_id AND p.system_id = agg.system_id",
    "USING": "UPDATE agg SET avg = 0 FROM info p WHERE (p.system_id, p.id) = (agg.system_id, agg.point_id)",
    "the whole system": "DELETE FROM agg WHERE system_id IN (SELECT id FROM systems WHERE owner = 'ada')",
    "within a range": "DELETE FROM agg WHERE EXISTS (SELECT 1 FROM info p, gaps g WHERE p.id = agg.point_id"
    " AND p.system_id = agg.system_id AND g.system_id = agg.system_id AND agg.t BETWEEN g.from_t AND g.to_t)",
    "within a hole of its own": "DELETE FROM agg WHERE EXISTS (SELECT 1 FROM holes h"
    " WHERE h.system_id = agg.system_id AND agg.t BETWEEN h.from_t AND h.to_t)",
    "BETWEEN subqueries": "DELETE FROM agg WHERE point_id BETWEEN"
    " (SELECT min(id) FROM info p WHERE p.system_id = agg.system_id)"
    " AND (SELECT max(id) FROM info p WHERE p.system_id = agg.system_id)",
    "after a row": "DELETE FROM agg WHERE (system_id, point_id) > (SELECT system_id, id FROM info WHERE kind = 'x')",
    "after a row of constants": "DELETE FROM agg WHERE (point_id, t) > (5, 7)",
    "all but the newest": "DELETE FROM agg WHERE t < (SELECT max(t) FROM agg b"
    " WHERE b.system_id = agg.system_id AND b.point_id = agg.point_id)",
    "old ones": "DELETE FROM agg WHERE t < (SELECT max(t) - 100 FROM agg)",
    "the middle": "DELETE FROM agg WHERE t BETWEEN (SELECT min(t) + 5 FROM agg) AND (SELECT max(t) - 5 FROM agg)",
    "differences": "DELETE FROM agg WHERE EXISTS (SELECT 1 FROM info p"
    " WHERE p.id - point_id = 0 AND p.system_id - agg.system_id = 0)",
    "keys made of two": "DELETE FROM agg WHERE system_id || '-' || point_id IN (SELECT system_id || '-' || id FROM info)",
    "LIKE a word": "DELETE FROM labels WHERE point_id LIKE '5%'",
    "not unequal": "DELETE FROM agg WHERE EXISTS (SELECT 1 FROM info p"
    " WHERE NOT (p.id <> point_id OR p.system_id <> agg.system_id))",
    "NOT EXISTS": "DELETE FROM agg WHERE NOT EXISTS"
    " (SELECT 1 FROM info p WHERE p.id = agg.point_id AND p.system_id = agg.system_id)",
    "NOT IN": "DELETE FROM agg WHERE (system_id, point_id) NOT IN (SELECT system_id, id FROM info)",
    "NOT IN whole systems": "DELETE FROM agg WHERE system_id NOT IN (SELECT id FROM systems)",
    "NOT IN a list": "DELETE FROM agg WHERE point_id NOT IN (1, 2)",
    "NOT IN, of one system": "DELETE FROM agg WHERE system_id = 5"
    " AND point_id NOT IN (SELECT id FROM info WHERE system_id = 5)",
    "a view": "DELETE FROM agg WHERE (system_id, point_id) IN (SELECT system_id, id FROM kinds)",
    "REPLACE": "INSERT OR REPLACE INTO agg (system_id, point_id, t, avg) SELECT a.system_id, a.point_id, a.t, NULL"
    " FROM agg a JOIN info p ON p.id = a.point_id AND p.system_id = a.system_id",
    "REPLACE from elsewhere": "INSERT OR REPLACE INTO agg (system_id, point_id, t, avg)"
    " SELECT system_id, id, 0, NULL FROM info WHERE kind = 'x'",
    "UPSERT": "INSERT INTO systems (id, n) SELECT system_id, count(*) FROM info GROUP BY system_id"
    " ON CONFLICT (id) DO UPDATE SET n = excluded.n",
    "a copy with sums": "INSERT INTO systems (id, n) SELECT s.id, count(*) FROM systems s"
    " JOIN info p ON p.system_id = s.id GROUP BY s.id",
    "a sum for SET": "UPDATE systems SET total = (SELECT sum(avg) FROM agg WHERE agg.system_id = systems.id)",
    "a value for SET": "UPDATE labels SET text = (SELECT kind FROM info p"
    " WHERE p.id = labels.point_id AND p.system_id = labels.system_id)",
    "CASE in SET": "UPDATE agg SET avg = CASE WHEN (system_id, point_id) IN (SELECT system_id, id FROM info)"
    " THEN NULL ELSE avg END WHERE t > 0",
    "CASE without a subquery": "UPDATE agg SET avg = CASE WHEN point_id = 5 THEN NULL ELSE avg END WHERE t > 0",
    "the row before for SET": "UPDATE agg SET avg = (SELECT b.avg FROM agg b WHERE b.system_id = agg.system_id"
    " AND b.point_id = agg.point_id AND b.t < agg.t ORDER BY b.t DESC LIMIT 1)",
    "CREATE TABLE AS": "CREATE TABLE copied AS SELECT l.system_id, p.kind FROM labels l"
    " JOIN info p ON p.id = l.point_id AND p.system_id = l.system_id",
    "a copy kept for the way back": "CREATE TABLE changeover_agg AS SELECT * FROM agg WHERE avg IS NULL",
    "a trigger that counts": "CREATE TRIGGER a AFTER INSERT ON agg BEGIN"
    " UPDATE systems SET n = n + 1 WHERE id = NEW.system_id; END",
    "a trigger that cascades": "CREATE TRIGGER a AFTER DELETE ON info BEGIN"
    " DELETE FROM agg WHERE system_id = OLD.system_id AND point_id = OLD.id; END",
    "a trigger that cascades from the whole": "CREATE TRIGGER a AFTER DELETE ON systems BEGIN"
    " DELETE FROM agg WHERE system_id = OLD.id; DELETE FROM info WHERE system_id = OLD.id; END",
    "a trigger on its own row": "CREATE TRIGGER a AFTER UPDATE OF avg ON agg BEGIN"
    " UPDATE agg SET avg = 0 WHERE system_id = NEW.system_id AND point_id = NEW.point_id AND t = NEW.t; END",
    "a trigger on its rowid": "CREATE TRIGGER a AFTER INSERT ON labels BEGIN"
    " UPDATE labels SET text = 'x' WHERE rowid = NEW.rowid; END",
    "a trigger that logs": "CREATE TRIGGER a AFTER UPDATE ON info WHEN new.id <> old.id BEGIN"
    " INSERT INTO labels (point_id, system_id, text) VALUES (new.id, old.system_id, 'moved'); END",
    "a trigger that keeps to the newest": "CREATE TRIGGER a AFTER INSERT ON agg BEGIN DELETE FROM agg"
    " WHERE system_id = NEW.system_id AND point_id = NEW.point_id AND t < NEW.t - 100; END",
    "a trigger that was there": "DROP TRIGGER was_there; CREATE TRIGGER was_there AFTER INSERT ON agg BEGIN"
    " UPDATE labels SET text = 'x' WHERE point_id = new.point_id; END",
    "self join": "DELETE FROM agg WHERE (system_id, point_id, t) IN (SELECT a.system_id, a.point_id, a.t FROM agg a"
    " JOIN info p ON p.id = a.point_id AND p.system_id = a.system_id)",
}


@pytest.mark.parametrize("sql", HALF.values(), ids=HALF.keys())
def test_a_half_key_is_found_however_it_is_spelled(sql: str) -> None:
    (message,) = found(sql.replace(":s", "1"))
    assert "rows of every system_id" in message


@pytest.mark.parametrize("sql", WHOLE.values(), ids=WHOLE.keys())
def test_a_whole_key_is_left_alone_however_it_is_spelled(sql: str) -> None:
    assert found(sql) == []
