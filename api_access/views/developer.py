"""Register, edit and delete the apps that the user develops."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.cache import patch_cache_control
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST

from accounts.http import MemberRequest
from api_access.actions.apps import delete_app, edit_app, register_app, rotate_secret
from api_access.forms import AppForm
from api_access.models import OAuthApp
from common.limits import MAX_APPS
from common.refusals import Refusal


@sensitive_variables("secret")
@require_http_methods(["GET", "HEAD", "POST"])
def own_apps(request: MemberRequest) -> HttpResponse:
    """List the user's apps with a form for another. The response to a registration shows the secret, once."""
    if request.method != "POST":
        return _list_page(request, AppForm())
    form = AppForm(request.POST)
    if form.is_valid():
        data = form.cleaned_data
        try:
            app, secret = register_app(
                request.user,
                name=data["name"],
                redirect_uris=data["redirect_uris"],
                is_confidential=data["kind"] == "confidential",
            )
        except Refusal as error:
            form.add_error(error.field, str(error))
        else:
            return _without_caching(_list_page(request, AppForm(), made=app, secret=secret))
    return _list_page(request, form, status=422)


@require_http_methods(["GET", "HEAD", "POST"])
def own_app(request: MemberRequest, app_id: int) -> HttpResponse:
    """Edit an app of the user."""
    app = _get_own_app(request, app_id)
    if request.method != "POST":
        return _app_page(request, app, AppForm(app=app))
    form = AppForm(request.POST, app=app)
    if form.is_valid():
        try:
            edit_app(app, name=form.cleaned_data["name"], redirect_uris=form.cleaned_data["redirect_uris"])
        except Refusal as error:
            form.add_error(error.field, str(error))
        else:
            messages.success(request, "Saved.")
            return redirect("api_access:own_app", app_id)
    return _app_page(request, _get_own_app(request, app_id), form, status=422)


@sensitive_variables("secret")
@require_POST
def rotate_app_secret(request: MemberRequest, app_id: int) -> HttpResponse:
    """Replace the secret of a confidential app and show the new one, once."""
    app = _get_own_app(request, app_id)
    if not app.is_confidential:
        raise Http404
    return _without_caching(_app_page(request, app, AppForm(app=app), made=app, secret=rotate_secret(app)))


@require_http_methods(["GET", "HEAD", "POST"])
def remove_app(request: MemberRequest, app_id: int) -> HttpResponse:
    """Ask for confirmation, then delete an app of the user and revoke its access to all accounts."""
    app = _get_own_app(request, app_id)
    if request.method != "POST":
        return render(request, "api_access/delete_app.html", {"app": app})
    delete_app(app)
    messages.success(request, f"“{app.name}” was deleted. It no longer has access to any account.")
    return redirect("api_access:own_apps")


def _list_page(request: MemberRequest, form: AppForm, *, status: int = 200, **context: object) -> HttpResponse:
    own = OAuthApp.objects.owned_by(request.user).order_by("-id")[:MAX_APPS]
    return render(request, "api_access/own_apps.html", context | {"form": form, "apps": own}, status=status)


def _app_page(
    request: MemberRequest, app: OAuthApp, form: AppForm, *, status: int = 200, **context: object
) -> HttpResponse:
    return render(request, "api_access/own_app.html", context | {"form": form, "app": app}, status=status)


def _get_own_app(request: MemberRequest, app_id: int) -> OAuthApp:
    return get_object_or_404(OAuthApp.objects.owned_by(request.user).select_related("owner"), pk=app_id)


def _without_caching(response: HttpResponse) -> HttpResponse:
    """Forbid storing the response, also in the browser's history."""
    patch_cache_control(response, private=True, no_store=True)
    return response
