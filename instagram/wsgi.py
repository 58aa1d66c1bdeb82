import os

import django
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest
from django.urls import ResolverMatch

from common import scratch

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "instagram.settings")


class SiteHandler(WSGIHandler):
    """Django's handler, which looks for the view of an address without arguments only once per process.

    Django compares a path with the patterns one after the other: 0.1 ms for the home page, which comes after those of
    most apps.
    """

    def __init__(self) -> None:
        super().__init__()
        self._matches: dict[str, ResolverMatch] = {}

    def resolve_request(self, request: HttpRequest) -> ResolverMatch:
        if hasattr(request, "urlconf"):
            return super().resolve_request(request)
        match = self._matches.get(request.path_info)
        if match is None:
            match = super().resolve_request(request)
            if not match.args and not match.kwargs:
                # At most one entry for each pattern.
                self._matches[request.path_info] = match
        request.resolver_match = match
        return match


# Use a temporary folder that is deleted even if the server is killed during an upload.
scratch.use()
django.setup(set_prefix=False)
application = SiteHandler()
