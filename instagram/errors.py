import errno
import logging
import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template import loader
from django.views import defaults

from common.api import Problem, is_api, problem_response
from common.http import json_error, wants_json

STORAGE_FULL = "The site can’t store any more files right now. Please try again in a few minutes."
DATABASE_UNAVAILABLE = "The site is temporarily unavailable. Please try again in a few minutes."
RETRY_AFTER_SECONDS = 60


class NoTracebackOfClients(logging.Filter):
    """Removes the traceback from log lines about refused requests, which any client can cause."""

    def filter(self, record: logging.LogRecord) -> bool:
        if getattr(record, "status_code", 500) < 500:
            record.exc_info = None
        return True


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a form without a valid CSRF token, usually from a page left open while its user signed out and in."""
    return render(request, "403_csrf.html", status=403)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer an uncaught exception: 503 if the disk is full or the database unavailable, which will pass, else 500."""
    error = sys.exc_info()[1]
    if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return _unavailable(request, "storage", STORAGE_FULL)
    if isinstance(error, OperationalError | InterfaceError):
        return _unavailable(request, "database", DATABASE_UNAVAILABLE)
    return defaults.server_error(request)


def _unavailable(request: HttpRequest, code: str, sentence: str) -> HttpResponse:
    headers = {"Retry-After": str(RETRY_AFTER_SECONDS)}
    if is_api(request):
        return problem_response(Problem(503, code, sentence, headers=headers))
    if wants_json(request):
        return json_error(503, code, sentence, headers=headers)
    page = loader.get_template("503.html").render({"code": code})
    return HttpResponse(page, status=503, headers=headers)
