"""Applications write whatever they like, whenever they can, in every phase: not one acknowledged row is lost.

Between any two boundaries of a run (journal writes, statements, before and after each transaction) somebody
else writes; what was accepted must be there afterwards, forward and back.
"""

import random
import sqlite3
from contextlib import closing

import pytest
from tests.changeover.fire import town as towns
from tests.changeover.fire.town import Town

from changeover.engine.entries import Ending

VERBS = tuple(towns.operations(random.Random(0)))


def inside(moment: str) -> bool:
    """Whether a boundary lies inside a transaction of ours, where everybody else must wait."""
    return " statement " in moment or moment in ("begun", "prepared", "verified", "recorded")


def both_ways(town: Town, seed: int, verbs: tuple[str, ...]) -> None:
    """There, back and there again, with an operation at every boundary."""
    dice = random.Random(seed)

    def write(moment: str) -> None:
        before = town.accepted
        town.do(towns.operations(dice)[dice.choice(verbs)])
        assert town.accepted == before or not inside(moment), f"somebody could write at {moment!r}"

    assert town.go("run", write).ending is Ending.DONE
    town.require_new()
    assert town.go("rollback", write).ending is Ending.ROLLED_BACK
    town.require_old()
    assert town.go("run", write).ending is Ending.DONE
    town.require_new()


@pytest.mark.parametrize("verb", VERBS)
def test_one_kind_of_write_at_every_boundary(town: Town, verb: str) -> None:
    both_ways(town, 7, (verb,))
    assert town.words == {"label", "name"}
    assert town.accepted > 40
    assert town.refused > 20, "inside a transaction of ours others must wait"


@pytest.mark.parametrize("seed", range(4))
def test_a_random_sequence_of_writes_equals_the_oracle_there_and_back(town: Town, seed: int) -> None:
    both_ways(town, seed, VERBS)


def test_a_rollback_after_an_hour_of_writes_keeps_every_one(town: Town) -> None:
    dice = random.Random(1)
    assert town.go("run").ending is Ending.DONE
    for database in (town.database, town.oracle):
        with closing(sqlite3.connect(database, isolation_level=None)) as connection:
            connection.execute(
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3600)"
                " INSERT INTO readings (system_id, at, w) SELECT s.id, 1000000 + n.i, n.i FROM systems s, n"
            )
    gentle = [verb for verb in VERBS if verb not in ("insert or replace", "delete of a parent")]
    for _ in range(300):
        town.do(towns.operations(dice)[dice.choice(gentle)])
    assert town.go("rollback").ending is Ending.ROLLED_BACK
    town.require_old()
    with closing(sqlite3.connect(town.database)) as connection:
        assert connection.execute("SELECT count(*) FROM readings WHERE at > 1000000").fetchone()[0] > 15_000


def test_a_rollback_of_the_rollback_is_the_change_again(town: Town) -> None:
    for _ in range(2):
        assert town.go("run").ending is Ending.DONE
        town.require_new()
        assert town.go("rollback").ending is Ending.ROLLED_BACK
        town.require_old()
    assert town.go("run").ending is Ending.DONE
    town.require_new()
