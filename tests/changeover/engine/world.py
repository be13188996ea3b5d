"""A world without files for the engine to act on: tasks succeed, fail or are cut off as a test decides."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from changeover.engine.decide import Decision, End, Perform, ResolveInDoubt, StartRollback, decide
from changeover.engine.entries import Command, Ending, Entry, EntryKind
from changeover.engine.progress import COMMAND_ENDED
from changeover.engine.tasks import Task, TaskKind
from changeover.plan.model import Plan
from changeover.plan.read import read_text

TEXT = """---
database: app.db
downtime: 1h
rollback-within: 1m
{header}---
# Change

## Pre-flight

- [ ] people know {{#told}}
- [ ] no orphans {{#orphans}}

```sql {{for=orphans expect=empty}}
PRAGMA foreign_key_check;
```

## Execute

### Deploy {{budget=10m}}

```bash {{#deploy phase=deploy undo="git revert" until="run true"}}
git push
```

### Migrate {{budget=10m}}

```sql {{#one phase=migrate undo=derived scope="t"}}
ALTER TABLE t ADD COLUMN a;
```

```sql {{#two phase=migrate scope="t"}}
UPDATE t SET a = 1;
```

### Smoke

```http {{#smoke}}
GET http://127.0.0.1/
200
```

## Rollback

```sql {{#undo-two undoes=two scope="t"}}
UPDATE t SET a = NULL;
```

```http {{#answers}}
GET http://127.0.0.1/
200
```

## After

```sql {{#still expect=empty}}
PRAGMA foreign_key_check;
```

## Finish

```sql {{#forget scope="t"}}
DELETE FROM t WHERE a IS NULL;
```
"""


def plan(header: str = "") -> Plan:
    """A plan with a task of every kind."""
    found, problems = read_text(TEXT.format(header=header), Path("PLAN.md"))
    assert found is not None
    assert not problems, problems
    return found


@dataclass
class World:
    """What is really so:

    ``applied`` changes in the order made; the journal; a clock that only goes forward.
    """

    plan: Plan
    additive: bool = False
    entries: list[Entry] = field(default_factory=list)
    applied: list[str] = field(default_factory=list)
    changes: list[str] = field(default_factory=list)
    clock_s: float = 0.0

    def add(self, kind: EntryKind, id: str = "", **data: object) -> None:
        """An entry, a moment later."""
        self.clock_s += 0.1
        self.entries.append(Entry(kind, 0.0, self.clock_s, id, data))

    def open(self, command: Command) -> None:
        """A session begins; the first one begins the run."""
        if not self.entries:
            self.add(EntryKind.BEGUN, additive=self.additive)
        self.clock_s = 0.0
        self.add(EntryKind.OPENED, command=command.value)

    def decide(self) -> Decision:
        """What the engine says now."""
        return decide(self.plan, self.entries, additive=self.additive)

    def step(self, fate: str) -> End | None:
        """Carry one decision out as fate will have it; the end, when it is one.

        ``done``, ``failed``, ``unknown`` (failed, and it cannot be found out whether it was applied),
        ``killed`` (before anything was done), ``killed late`` (after it was done and before that was
        written down).
        """
        decision = self.decide()
        match decision:
            case End(ending, reason):
                self.add(EntryKind.ENDED, ending=ending.value, reason=reason)
                return decision
            case StartRollback(reason, task):
                self.add(EntryKind.ROLLBACK_STARTED, reason=reason, task=task)
            case ResolveInDoubt(task):
                assert task.atomic
                self.add(EntryKind.RESOLVED, task.id, applied=task.id in self.applied)
            case Perform(task):
                self._perform(decision, task, fate)
        return None

    def _perform(self, what: Perform, task: Task, fate: str) -> None:
        self.add(EntryKind.STARTED, task.id)
        if fate == "killed":
            return
        works = fate in ("done", "killed late")
        if works or fate == "unknown":
            self._do(task)
        if fate == "killed late":
            if task.id == "deploy" and not what.gate_only:
                self.add(EntryKind.NOTED, task.id, what=COMMAND_ENDED)
            return
        if works:
            self.add(EntryKind.DONE, task.id)
        else:
            applied = None if fate == "unknown" else False
            self.add(EntryKind.FAILED, task.id, message=f"{task.id} failed", applied=applied)

    def _do(self, task: Task) -> None:
        """The effect of a change, with the laws that no journal may break."""
        if not task.atomic:
            return
        assert task.id not in self.applied, f"{task.id} was done twice"
        undone = {"undo-two": "two", "undo:one": "one"}.get(task.id)
        if undone is not None:
            assert undone in self.applied, f"{undone} was taken back and never done"
        self.applied.append(task.id)
        self.changes.append(task.id)

    def in_force(self) -> set[str]:
        """The forward changes that hold now."""
        undone = {"undo-two": "two", "undo:one": "one"}
        forward = {name for name in self.applied if name in ("one", "two")}
        return forward - {undone[name] for name in self.applied if name in undone}


def play(world: World, fates: Iterator[str], *, limit: int = 200) -> End | None:
    """Decisions until the end, or until a fate kills the runner (None)."""
    for _ in range(limit):
        fate = next(fates, "done")
        end = world.step(fate)
        if end is not None:
            return end
        if fate.startswith("killed"):
            return None
    raise AssertionError("it does not come to an end")


def performed(world: World) -> list[str]:
    """The ids of the tasks in the order in which they were started."""
    return [entry.id for entry in world.entries if entry.kind is EntryKind.STARTED]


def run(world: World, fate: Callable[[str], str] = lambda name: "done") -> Ending:
    """One session with a fate by task; tasks that are killed end it as a new `resume` would find it."""
    world.open(Command.RUN)
    for _ in range(100):
        decision = world.decide()
        name = decision.task.id if isinstance(decision, Perform) else ""
        end = world.step(fate(name))
        if end is not None:
            return end.ending
    raise AssertionError("it does not come to an end")


__all__ = ["TaskKind", "World", "performed", "plan", "play", "run"]
