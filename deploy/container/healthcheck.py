"""Whether the LiveOne of this container is well, for HEALTHCHECK: exits with 0 where /api/health says 200."""

import os
import sys
import urllib.request

url = f"http://127.0.0.1:{os.environ.get('LIVEONE_PORT') or 8080}/api/health"
try:
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=5) as answer:
        sys.exit(answer.status != 200)
except OSError as error:
    sys.exit(f"{url}: {error}")
