"""List and revoke the apps that the user has authorized."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from accounts.http import MemberRequest
from api_access.actions.grants import revoke_app_access
from api_access.models import OAuthApp


@require_safe
def apps(request: MemberRequest) -> HttpResponse:
    """List the apps that the user has authorized."""
    return render(request, "api_access/apps.html", {"apps": list(OAuthApp.objects.authorized_by(request.user))})


@require_POST
def revoke_app(request: MemberRequest, app_id: int) -> HttpResponse:
    """Revoke an app's access; 404 for an app without access."""
    if not revoke_app_access(request.user, app_id):
        raise Http404
    messages.success(request, "The app no longer has access to your account.")
    return redirect("api_access:apps")
