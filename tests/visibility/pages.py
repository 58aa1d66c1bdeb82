"""Comparing two responses of one page."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

from django.http import HttpResponse
from django.utils import timezone


def masked(response: HttpResponse) -> tuple[int, str]:
    """Return status and HTML, without what is random in each response."""
    html = response.content.decode()
    html = re.sub(r'(csrfmiddlewaretoken" value="|"X-CSRFToken": "|form_key" value=")[^"]+', r"\1", html)
    return response.status_code, html


@contextmanager
def frozen_time() -> Iterator[None]:
    """Stop the clock for the ages that pages show."""
    now, moment = time.time(), timezone.now()
    with mock.patch("time.time", return_value=now), mock.patch("django.utils.timezone.now", return_value=moment):
        yield
