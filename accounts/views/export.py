"""All that is one's own, to take along."""

from __future__ import annotations

from django.core.files.storage import storages
from django.http import FileResponse, Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from accounts.exports import request_export
from accounts.http import MemberRequest
from accounts.records import Export
from common.http import varies_by_htmx
from common.ratelimit import EXPORTS, seconds_to_wait
from common.ratelimit_responses import too_many
from media.storage import private_url

LINK_SECONDS = 300


@require_http_methods(["GET", "HEAD", "POST"])
def export(request: MemberRequest) -> HttpResponse:
    """How far one's archive is, and its link; a POST asks for a new one. For htmx the state alone."""
    if request.method == "POST":
        if seconds := seconds_to_wait(EXPORTS, f"person:{request.user.pk}"):
            return too_many(request, seconds)
        request_export(request.user)
        return redirect("accounts:export")
    template = "accounts/_export.html" if request.htmx else "accounts/export.html"
    context = {"export": Export.objects.filter(person=request.user).first()}
    return varies_by_htmx(render(request, template, context))


@require_safe
def export_file(request: MemberRequest, export_id: int) -> HttpResponseBase:
    """One's own archive, as long as it is there; another's is not found."""
    mine = get_object_or_404(Export, pk=export_id, person=request.user)
    if not mine.is_ready:
        raise Http404
    name = f"{request.user.username}-{mine.created_at:%Y-%m-%d}.zip"
    if url := private_url(mine.key, name=name, seconds=LINK_SECONDS):
        return redirect(url)
    try:
        file = storages["originals"].open(mine.key)
    except FileNotFoundError as error:
        raise Http404 from error
    return FileResponse(file, as_attachment=True, filename=name, content_type="application/zip")
