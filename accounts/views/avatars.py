from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from accounts.models import User
from media.views import serve_rendition


@require_safe
@login_not_required
def avatar(request: HttpRequest, person_id: int, key: str) -> HttpResponseBase:
    """Serve a file of a user's avatar, public while the user is active. One query."""
    person = get_object_or_404(User.objects.active().only("avatar"), pk=person_id)
    if key not in person.avatar_keys:
        raise Http404
    return serve_rendition(request, key, is_public=True)
