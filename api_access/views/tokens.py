"""List, create and revoke the user's personal access tokens."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.cache import patch_cache_control
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST

from accounts.http import MemberRequest
from api_access.actions.tokens import create_token, revoke_token
from api_access.forms import TokenForm
from api_access.models import PersonalToken
from common.refusals import Refusal


@sensitive_post_parameters("password")
@sensitive_variables("secret")
@require_http_methods(["GET", "HEAD", "POST"])
def tokens(request: MemberRequest) -> HttpResponse:
    """List the tokens with a form for another. The response to a POST shows the new token, once."""
    if request.method != "POST":
        return _page(request, TokenForm(user=request.user, request=request))
    form = TokenForm(request.POST, user=request.user, request=request)
    if not form.is_valid():
        return _page(request, form, status=422)
    data = form.cleaned_data
    try:
        token, secret = create_token(
            request.user, name=data["name"], may_write=bool(data["may_write"]), days=data["days"]
        )
    except Refusal as error:
        form.add_error(error.field or None, str(error))
        return _page(request, form, status=422)
    response = _page(request, TokenForm(user=request.user, request=request), made=token, secret=secret)
    # Keep the secret out of the browser's history.
    patch_cache_control(response, private=True, no_store=True)
    return response


def _page(request: MemberRequest, form: TokenForm, *, status: int = 200, **context: object) -> HttpResponse:
    context |= {"form": form, "tokens": PersonalToken.objects.valid_for(request.user)}
    return render(request, "api_access/tokens.html", context, status=status)


@require_POST
def revoke(request: MemberRequest, token_id: int) -> HttpResponse:
    """Revoke a token of the user."""
    revoke_token(get_object_or_404(PersonalToken.objects.owned_by(request.user), pk=token_id))
    messages.success(request, "The token was revoked. Programs that use it no longer have access.")
    return redirect("api_access:tokens")
