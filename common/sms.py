"""Text messages, sent by `settings.SMS_BACKEND`: a class whose `send(number, text)` raises OSError if it fails.

In development, messages are printed and saved as files, like emails. A production site without a gateway tells users
that it cannot send messages.
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
    """Send `text` to `number` (E.164). Raises OSError if that fails; its message does not contain the number."""
    cast("Sender", import_string(settings.SMS_BACKEND)()).send(number, text)


class ConsoleAndFolder:
    """Backend that sends nothing: it prints each message and saves it in `settings.SMS_FILE_PATH`."""

    def send(self, number: str, text: str) -> None:
        message = f"SMS to {number}: {text}\n"
        sys.stdout.write(message)
        folder = Path(settings.SMS_FILE_PATH)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{time.time_ns()}.txt").write_text(message)


class HttpGateway:
    """Backend that posts {"to", "text"} as JSON to `settings.SMS_URL`, with Basic auth if the URL has a password."""

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
        with urllib.request.urlopen(request, timeout=GATEWAY_TIMEOUT_SECONDS):  # noqa: S310  (the same)
            pass
