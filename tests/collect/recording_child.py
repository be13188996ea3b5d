"""A process that records in a loop and says on standard output what was accepted, until it is killed.

Arguments: database, spool folder, number of its first reading.
"""

import os
import sys
from pathlib import Path

from tests.collect.support import START_AT, recorded

from liveone.clock import SystemClock
from liveone.collect.polling import recorder as recording
from liveone.collect.polling.recorder import Recorder, RecordResult
from liveone.collect.queue.backlog import Backlog
from liveone.collect.queue.spool import Spool
from liveone.store.store import open_store


def main() -> None:
    recording.GATHER_S = 0.0
    store = open_store(Path(sys.argv[1]), busy_timeout_s=0.01)
    recorder = Recorder(store, Backlog(Spool(Path(sys.argv[2]))), SystemClock())
    number = int(sys.argv[3])
    while True:
        batch = [recorded(1, START_AT + number + each) for each in range(3)]
        fates = recorder.record(batch)
        spooled = RecordResult.SPOOLED in fates
        os.write(1, b"".join(b"%d %d\n" % (number + each, spooled) for each in range(3)))
        number += 3
        if number % 5 == 0:
            recorder.drain()


if __name__ == "__main__":
    main()
