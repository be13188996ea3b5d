"""Both shipped plans on a real libSQL server under a living LiveOne, killed around every change.

SIGKILL before the change is sent, after its COMMIT and before that is in the journal, and after it is there;
what lies between these moments changes neither journal nor database. One command goes on, or takes all back.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from unittest import mock

import pytest
from tests.changeover.database.killer import Hook, killed_at
from tests.migration import generation1, server_stage, shipped_sql, stage
from tests.migration.server_stage import ServerStage
from tests.migration.stage import SETS
from tests.sample import drawn

from changeover.check.load import load_plan
from changeover.database import ledger
from changeover.database.connect import opened
from changeover.engine.entries import Ending
from changeover.plan import params
from changeover.plan.model import Plan
from changeover.run import commands, rehearsal
from changeover.run.runner import OperatorPrompt
from changeover.run.state_dir import state_of
from liveone.migrations import shipped as schema

pytestmark = [pytest.mark.slow, pytest.mark.sampled]
MOMENTS = {"after journal started": True, "before journal done": False, "after journal done": True}
"""Where the runner is killed; whether it is resumed before it is taken back."""


@dataclass(frozen=True)
class Shipped:
    """A plan on its stage; its commands run in this process, so that they can be killed anywhere."""

    plan: Plan
    live: ServerStage
    sets: tuple[str, ...]

    @property
    def changes(self) -> tuple[str, ...]:
        """The ids of the changes, in order."""
        with opened(self.live.server) as connection:
            done = [each.action for each in ledger.entries(connection) if each.direction == "forward"]
        return tuple(dict.fromkeys(done))

    @property
    def values(self) -> params.BoundParameters:
        return params.bind(self.plan, self.sets, self.live.environment)

    def rehearse(self) -> None:
        state = self.live.folder / "state"
        record = rehearsal.rehearse(self.plan, self.values, self.live.server, who="tests", state=state)
        assert record.passed, record.faults

    def start(self, hook: Hook = lambda moment: None) -> commands.Outcome:
        return commands.run(self.plan, self.values, self.live.server, self._settings(hook))

    def again(self, command: Callable[..., commands.Outcome]) -> commands.Outcome:
        found = state_of(self.live.server, self.live.folder / "state").newest()
        assert found is not None
        return command(self.plan, self.values, self.live.server, self._settings(), run_id=found)

    def _settings(self, hook: Hook = lambda moment: None) -> commands.Settings:
        prompt = OperatorPrompt(confirmed=frozenset({"people"}))
        return commands.Settings(who="tests", state=self.live.folder / "state", prompt=prompt, hook=hook)


@pytest.fixture(params=[1, 2])
def shipped(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shipped]:
    """The plan that starts from that generation, rehearsed, and LiveOne at work on the server."""
    past = stage.history(tmp_path, days=1)
    if request.param == 2:
        shipped_sql.forward(past.database)
    plan = load_plan(schema.shipped()[request.param + 1].path)
    sets = tuple(SETS[1::2]) if request.param == 1 else ()
    with (
        server_stage.server_of(past) as sqld,
        server_stage.set_up(tmp_path / "live", past, sqld, "live") as live,
    ):
        live.start()
        with mock.patch.dict(os.environ, live.environment):
            found = Shipped(plan, live, sets)
            found.rehearse()
            yield found


def whole(one: Shipped) -> None:
    assert one.live.ask("PRAGMA integrity_check") == [("ok",)]
    assert one.live.ask("PRAGMA foreign_key_check") == []
    assert one.live.blocked() == (False, False)


def test_killed_around_every_change_it_is_finished_or_taken_back(shipped: Shipped, tmp_path: Path) -> None:
    one, live = shipped, shipped.live
    before = Path(shutil.copyfile(tmp_path / "history.db", tmp_path / "before.db"))
    assert one.start().ending is Ending.DONE
    assert one.again(commands.rollback).ending is Ending.ROLLED_BACK
    changes = one.changes
    assert changes in (("set-orphans-aside", "merge-systems", "migrate-systems"), ("add-time-zone",))
    for change, moment in drawn(product(changes, MOMENTS), 1):
        assert killed_at(one.start, f"{moment} {change}")
        whole(one)
        if MOMENTS[moment]:
            assert one.again(commands.resume).ending is Ending.DONE
        assert one.again(commands.rollback).ending is Ending.ROLLED_BACK
        whole(one)
    live.stop()
    fetched = live.fetched()
    for table in ("readings", "systems"):
        assert generation1.altered(before, fetched, table) == 0
    assert live.missing() == {site: [] for site in generation1.SITES}
