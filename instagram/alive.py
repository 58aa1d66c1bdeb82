"""`python -m instagram.alive URL`: exits with 0 if URL answers 200. For containers, which have no curl.

Sends the host name of the site, the only one that production accepts. Loads neither Django nor the settings.
"""

import os
import sys
import urllib.error
import urllib.request


def main() -> None:
    """Send the request; report an error on stderr and with exit code 1."""
    host = os.environ.get("ALLOWED_HOSTS", "localhost").split(",")[0].strip().lstrip(".")
    headers = {"Host": host, "X-Forwarded-Proto": "https"}
    request = urllib.request.Request(sys.argv[1], headers=headers)  # noqa: S310  (the caller is our own check)
    try:
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=5).close()
    except (OSError, urllib.error.URLError) as error:
        sys.exit(f"{sys.argv[1]}: {error}")


if __name__ == "__main__":
    main()
