"""Email in development: printed, and saved as files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends import console, filebased
from django.core.mail.backends.base import BaseEmailBackend


class ConsoleAndFolderBackend(BaseEmailBackend):
    """Email backend that sends nothing: it prints each mail and saves it in `settings.EMAIL_FILE_PATH`."""

    def __init__(self, fail_silently: bool = False, **kwargs: Any) -> None:
        super().__init__(fail_silently=fail_silently)
        Path(settings.EMAIL_FILE_PATH).mkdir(parents=True, exist_ok=True)
        self.backends: list[BaseEmailBackend] = [
            console.EmailBackend(fail_silently=fail_silently),
            filebased.EmailBackend(fail_silently=fail_silently),
        ]

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        return max(backend.send_messages(email_messages) or 0 for backend in self.backends)
