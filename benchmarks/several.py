"""Twenty minutes of killing pollers, web instances and servers: `python -m benchmarks.several`.

LIVEONE_SOAK_MINUTES (20) and LIVEONE_SOAK_SEED (from the clock) choose another run; the seed is printed
first, and repeats the kills of a run that failed. Its folder is kept then; the exit code is 1.
"""

import os
import shutil
import sys
import tempfile
import time
import traceback
from pathlib import Path

from tests.simulation.soak import SoakPlan, soak

MINUTES = float(os.environ.get("LIVEONE_SOAK_MINUTES", "20"))
SEED = int(os.environ.get("LIVEONE_SOAK_SEED", str(int(time.time()) % 100_000)))


def main() -> None:
    """One soak; what it saw in one line."""
    plan = SoakPlan(seed=SEED, seconds_s=MINUTES * 60)
    folder = Path(tempfile.mkdtemp(prefix=f"soak-{plan.seed}-"))
    print(
        f"seed {plan.seed}, {MINUTES:.0f} minutes, each kind killed every {plan.window_s:.0f} s", flush=True
    )
    try:
        with soak(folder, plan) as ready:
            print(ready.run(), flush=True)
    except BaseException:
        print(f"FAILED with seed {plan.seed}; see {folder}\n{traceback.format_exc()}", flush=True)
        sys.exit(1)
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
