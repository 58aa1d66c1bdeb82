"""The requests that our views get."""

from __future__ import annotations

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from accounts.models import User


class SiteRequest(HttpRequest):
    """A request after our middleware; `user` may be anonymous."""

    htmx: HtmxDetails


class MemberRequest(SiteRequest):
    """A request of somebody signed in: what every view gets that is not marked `@login_not_required`."""

    user: User
