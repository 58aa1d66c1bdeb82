"""Request and download an export of the user's data."""

from __future__ import annotations

from django.core.files.storage import storages
from django.http import FileResponse, Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from accounts.http import MemberRequest
from common.http import varies_by_htmx
from common.ratelimit import EXPORTS, seconds_to_wait
from common.ratelimit_responses import too_many
from media.storage import private_url
from personal_data.actions.export import request_export
from personal_data.models import Export

LINK_SECONDS = 300


@require_http_methods(["GET", "HEAD", "POST"])
def export(request: MemberRequest) -> HttpResponse:
    """Show the progress of the user's export and its link; POST requests a new one. htmx gets the fragment."""
    if request.method == "POST":
        if seconds := seconds_to_wait(EXPORTS, f"person:{request.user.pk}"):
            return too_many(request, seconds)
        request_export(request.user)
        return redirect("personal_data:export")
    template = "personal_data/_export.html" if request.htmx else "personal_data/export.html"
    context = {"export": Export.objects.owned_by(request.user).first()}
    return varies_by_htmx(render(request, template, context))


@require_safe
def export_file(request: MemberRequest, export_id: int) -> HttpResponseBase:
    """Download the user's export, or redirect to a signed address of the store; 404 if it is not ready or expired."""
    export = get_object_or_404(Export.objects.owned_by(request.user), pk=export_id)
    if not export.is_ready:
        raise Http404
    name = f"{request.user.username}-{export.created_at:%Y-%m-%d}.zip"
    if url := private_url(export.key, name=name, seconds=LINK_SECONDS):
        return redirect(url)
    try:
        file = storages["originals"].open(export.key)
    except FileNotFoundError as error:
        raise Http404 from error
    return FileResponse(file, as_attachment=True, filename=name, content_type="application/zip")
