"""Text messages: through `settings.SMS_BACKEND`, any class whose `send(number, text)` raises OSError when it cannot.

In development a message is printed and kept as a file, as mails are. A site in production without a gateway says that
it sends none.
"""

from __future__ import annotations

import base64
import json
import sys
import time
import urllib.request
from pathlib import Path
from typing import Protocol, cast
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.utils.module_loading import import_string

GATEWAY_TIMEOUT_SECONDS = 5


class Sender(Protocol):
    def send(self, number: str, text: str) -> None: ...


def is_possible() -> bool:
    return bool(settings.SMS_BACKEND)


def send_sms(number: str, text: str) -> None:
    """Send `text` to `number` (E.164). Raises OSError when it cannot be sent, in words without the number."""
    cast("Sender", import_string(settings.SMS_BACKEND)()).send(number, text)


class ConsoleAndFolder:
    """Sends nothing: writes each message to the console and, as a file, to `settings.SMS_FILE_PATH`."""

    def send(self, number: str, text: str) -> None:
        said = f"SMS to {number}: {text}\n"
        sys.stdout.write(said)
        folder = Path(settings.SMS_FILE_PATH)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{time.time_ns()}.txt").write_text(said)


class HttpGateway:
    """Posts {"to", "text"} as JSON to `settings.SMS_URL`; a user and password in it go along as Basic."""

    def send(self, number: str, text: str) -> None:
        parts = urlsplit(settings.SMS_URL)
        host = (parts.hostname or "") + (f":{parts.port}" if parts.port else "")
        request = urllib.request.Request(  # noqa: S310  (settings allow https only)
            parts._replace(netloc=host).geturl(),
            data=json.dumps({"to": number, "text": text}).encode(),
            headers={"Content-Type": "application/json"},
        )
        if parts.username:
            login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            request.add_header("Authorization", "Basic " + base64.b64encode(login.encode()).decode())
        with urllib.request.urlopen(request, timeout=GATEWAY_TIMEOUT_SECONDS):  # noqa: S310
            pass
