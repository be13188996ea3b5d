"""A restore in a process of its own, which kills itself where it is told to."""

import os
import signal
import sys
from pathlib import Path

from liveone.settings.config import load
from liveone.transfer import restore


def main(source: str, target: str, settings: str, die_at: str) -> None:
    def die(moment: str) -> None:
        if moment == die_at:
            os.kill(os.getpid(), signal.SIGKILL)

    config = load(Path(settings), os.environ)
    restore.restore(
        restore.RestoreOrder(
            source=Path(source),
            target=target,
            config=config,
            target_token="",
            environment=os.environ,
            now_at=1.8e9,
            progress=lambda step, table, rows, rows_in_all: die(f"{step} {table}"),
            hook=die,
        )
    )


main(*sys.argv[1:])
