"""The simulated portal as a process of its own: many sites, hurried, with a log. Argument: the log's path."""

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from liveone.simulate.run import PortalOptions, run_portal


def main() -> None:
    """Serve until SIGTERM; the first line on standard output is the address."""
    began = datetime.now(UTC) - timedelta(days=2)
    options = PortalOptions(
        sites=40,
        houses=1,
        speed=10.0,
        since_day=began.date().isoformat(),
        hiccup=False,
        log=Path(sys.argv[1]),
    )
    run_portal(options, ready=lambda portal: print(portal.url, flush=True))


if __name__ == "__main__":
    main()
