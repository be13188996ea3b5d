"""Writes docs/examples/vendor-and-time-zone: the shipped plan, really carried out, with all that it printed.

    python -m tests.migration.worked_example            writes it anew
    pytest tests/migration/test_worked_example.py       says whether it is still true

Paths and addresses of the stage stand there as those of a usual server; nothing else is touched.
"""

import re
import shutil
import sys
import tempfile
import time
from pathlib import Path

from tests.migration import stage
from tests.migration.shipped_sql import FOLDER
from tests.migration.stage import SETS, Stage

TARGET = Path(__file__).parents[2] / "docs/examples/vendor-and-time-zone"
HOME = "/srv/liveone/home"
ADDRESS = "http://127.0.0.1:8080"
WHO = "simon@farm"
DAYS = 30

README = """\
# A worked example: generation 1 to 2, under live polling

Three houses of two owners, {readings} readings (a minute apart, over {days} days) in a database of
generation 1. LiveOne polls them once a second and answers a client that asks 20 times a second. The plan is
the one that is shipped:
`src/liveone/migrations/plans/0002-vendor-and-time-zone/PLAN.md`.
It has three changes, each with its way back beside it:
[`set-aside.sql`](../../../src/liveone/migrations/plans/0002-vendor-and-time-zone/set-aside.sql),
[`merge.sql`](../../../src/liveone/migrations/plans/0002-vendor-and-time-zone/merge.sql) and
[`migrate.sql`](../../../src/liveone/migrations/plans/0002-vendor-and-time-zone/migrate.sql).
Here nothing is to be set aside or joined.

This page is written by `python -m tests.migration.worked_example`, which carries the plan out and puts down
what was printed, times included: those of a machine that had much else to do.
[How fast a migration is](../../operations/migration-speed.md) was measured with care.

## What is there

```
$ liveone schema status
{status}
```

## What would be done

```
$ liveone upgrade --plan-only
{plan_only}
```

## Rehearsal: there, back and there again, on a copy

```
$ changeover rehearse PLAN.md {sets}
{rehearse}
```

## Run

```
$ changeover run PLAN.md {sets} --confirm people
{run}
```

Its report: [as text](report.md), and [as one page](report.html) to send to somebody.

```
$ liveone db shell "SELECT vendor_type, vendor_site_id, timezone_offset_min FROM systems"
{systems}
```

## Rollback

```
$ changeover rollback PLAN.md
{rollback}
```

```
$ liveone db shell "SELECT user_id, system_number FROM systems"
{back}
```

## And again

```
$ changeover run PLAN.md {sets} --confirm people
{again}
```

The client asked {requests} times in all: {failed} failed. Of the samples that the portal served meanwhile,
{missing} are missing.
"""


def main() -> None:
    """Write the example into the docs, or into the folder named."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else TARGET
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), target, days=DAYS)


def write(folder: Path, target: Path, *, days: int) -> None:
    """Carry the plan out in ``folder`` and write README.md, report.md and report.html into ``target``."""
    target.mkdir(parents=True, exist_ok=True)
    folder.mkdir(parents=True, exist_ok=True)
    past = stage.history(folder, days=days)
    with stage.set_up(folder / "live", past) as live:
        live.start()
        texts = _told(live)
        report = sorted(live.folder.glob("*.changeover/runs/*/report.md"))[-1]
        for name in ("report.md", "report.html"):
            (target / name).write_text(_usual(report.with_name(name).read_text(), live))
        live.stop()
        texts["missing"] = str(sum(len(times) for times in live.missing().values()))
        (target / "README.md").write_text(README.format(**texts, days=days))
    shutil.rmtree(folder / "live")


def _told(live: Stage) -> dict[str, str]:
    plan, confirm = str(FOLDER / "PLAN.md"), ("--confirm", "people", "--who", WHO)

    def said(*words: str) -> str:
        done = live.command(*words)
        assert done.code == 0, f"{words}: {done.out}{done.err}"
        return _usual(done.out.rstrip(), live)

    with live.client() as client:
        time.sleep(1)
        texts = {
            "readings": f"{int(said('liveone', 'db', 'shell', 'SELECT count(*) FROM readings')):,}",
            "status": said("liveone", "schema", "status"),
            "plan_only": said("liveone", "upgrade", "--plan-only"),
            "rehearse": said("changeover", "rehearse", plan, *SETS, "--who", WHO),
            "run": said("changeover", "run", plan, *SETS, *confirm),
            "systems": said("liveone", "db", "shell", NOW),
            "rollback": said("changeover", "rollback", plan, "--who", WHO),
            "back": said("liveone", "db", "shell", BEFORE),
            "again": said("changeover", "run", plan, *SETS, *confirm),
        }
    return texts | {
        "sets": " ".join(SETS),
        "requests": f"{client.requests:,}",
        "failed": str(len(client.failures)),
    }


NOW = "SELECT vendor_type, vendor_site_id, timezone_offset_min FROM systems ORDER BY id"
BEFORE = "SELECT user_id, system_number FROM systems ORDER BY id"


def _usual(text: str, live: Stage) -> str:
    """The text with the places of a usual server."""
    text = text.replace(str(live.folder), HOME).replace(live.url, ADDRESS)
    text = text.replace(str(FOLDER.parent), "plans")
    return "\n".join(line.rstrip() for line in text.splitlines()) + ("\n" if text.endswith("\n") else "")


MACHINES = ("left", "note:", " slow after ", "Writers w", "Whoever wrote ")
"""In lines that tell how busy or how big a machine was, and are not there on another."""


def skeleton(text: str) -> list[str]:
    """The lines of an example without what differs from run to run: numbers, times, hashes, finds."""
    text = re.sub(r"\b[0-9a-f]{12,64}\b|[0-9a-f]{4}(?=[`/ ])", "#", text)
    text = re.sub(r"\d[\d,.:]*( (m|s|ms|MB|kB|GB|MB/s)\b( \d\d s)?)?", "#", text)
    text = re.sub(r"^(\| passed .*\|)[^|]*\|$", r"\1", text, flags=re.MULTILINE)
    lines = [re.sub(r"[ #]+", " ", line).strip() for line in text.splitlines()]
    return sorted({line for line in lines if line and not any(words in line for words in MACHINES)})


if __name__ == "__main__":
    main()
