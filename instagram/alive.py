"""`python -m instagram.alive URL`: exit code 0 when URL answers 200. For container images, which have no curl.

Asks under the site's own host name, the only one that production answers to. Loads neither Django nor the settings.
"""

import os
import sys
import urllib.error
import urllib.request


def main() -> None:
    """Ask, and say on stderr what went wrong."""
    host = os.environ.get("ALLOWED_HOSTS", "localhost").split(",")[0].strip().lstrip(".")
    headers = {"Host": host, "X-Forwarded-Proto": "https"}
    request = urllib.request.Request(sys.argv[1], headers=headers)  # noqa: S310  (the caller is our own check)
    try:
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=5).close()
    except (OSError, urllib.error.URLError) as error:
        sys.exit(f"{sys.argv[1]}: {error}")


if __name__ == "__main__":
    main()
