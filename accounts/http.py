"""Types of the requests that views receive."""

from __future__ import annotations

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from accounts.models import User


class SiteRequest(HttpRequest):
    """A request after the site's middleware; `user` may be anonymous."""

    htmx: HtmxDetails


class MemberRequest(SiteRequest):
    """A request of a signed-in user, which every view without `@login_not_required` receives."""

    user: User
