import errno
import sys

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template import loader
from django.views import defaults

from common.http import json_error, wants_json

NO_ROOM = "There is no room for files on our side just now. Try again in a few minutes."


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form that came without our token: most often a page left open while somebody signed out and in."""
    return render(request, "403_csrf.html", status=403)


def server_error(request: HttpRequest) -> HttpResponse:
    """What a view did not catch. A disk that is full while a request is read comes before any view, and will pass."""
    error = sys.exc_info()[1]
    if not (isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}):
        return defaults.server_error(request)
    headers = {"Retry-After": "60"}
    if wants_json(request):
        return json_error(503, "storage", NO_ROOM, headers=headers)
    return HttpResponse(loader.get_template("503.html").render(), status=503, headers=headers)
