"""Real programs of others as peers: `make peers` runs these, and nothing else does; each takes minutes."""

import os

collect_ignore_glob = [] if os.environ.get("LIVEONE_PEERS") else ["*.py"]
