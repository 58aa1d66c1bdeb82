"""Sign up users of a running site without its web server: `python -m tests.signing_up`, with the site's environment.

Hashing a password takes 0.4 seconds of CPU by design, and tests in a browser need hundreds of users. This process signs
them up through the same view, and gives all of them one hash of the same password.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from tests.visitors import PASSWORD

PROJECT = Path(__file__).resolve().parent.parent


class SigningUp:
    """The process, started at the first call."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._environment = environment
        self._process: subprocess.Popen[str] | None = None
        self._lock = threading.Lock()

    def __call__(self, username: str) -> dict[str, str]:
        """Sign up a user; return the cookies of the new session."""
        with self._lock:
            self._process = self._process or subprocess.Popen(
                [sys.executable, "-m", "tests.signing_up"],
                cwd=PROJECT,
                env=self._environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            assert self._process.stdin
            assert self._process.stdout
            self._process.stdin.write(f"{username}\n")
            self._process.stdin.flush()
            return dict(json.loads(self._process.stdout.readline()))

    def end(self) -> None:
        process, self._process = self._process, None
        if process:
            process.communicate("")


def _answer() -> None:
    """Read usernames from stdin; write the cookies of each as a line of JSON."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "instagram.settings")
    import django

    django.setup()

    from django.contrib.auth import hashers
    from django.test import Client

    # The site prints its mails.
    answers, sys.stdout = sys.stdout, io.StringIO()
    hashed = hashers.make_password(PASSWORD)
    hasher: Any = hashers.get_hasher()
    hasher.encode = lambda *_: hashed
    for line in sys.stdin:
        username, client = line.strip(), Client(SERVER_NAME="localhost")
        client.get("/accounts/signup/")
        fields = {"email": f"{username}@example.org", "username": username, "password1": PASSWORD}
        answer = client.post("/accounts/signup/", fields)
        assert answer.status_code == 302, answer.content.decode()
        print(json.dumps({name: morsel.value for name, morsel in client.cookies.items()}), file=answers, flush=True)


if __name__ == "__main__":
    _answer()
