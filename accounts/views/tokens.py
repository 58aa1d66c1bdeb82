"""One's personal access tokens."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.cache import patch_cache_control
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST

from accounts.forms import TokenForm
from accounts.http import MemberRequest
from accounts.tokens import PersonalToken, TokenRefusedError, create_token, revoke_token, valid_tokens


@sensitive_post_parameters("password")
@sensitive_variables("secret")
@require_http_methods(["GET", "HEAD", "POST"])
def tokens(request: MemberRequest) -> HttpResponse:
    """The list, and a form for another; what it answers shows the new one, for the only time."""
    if request.method != "POST":
        return _page(request, TokenForm(user=request.user, request=request))
    form = TokenForm(request.POST, user=request.user, request=request)
    if not form.is_valid():
        return _page(request, form, status=422)
    wishes = form.cleaned_data
    try:
        token, secret = create_token(
            request.user, name=wishes["name"], may_write=bool(wishes["may_write"]), days=wishes["days"]
        )
    except TokenRefusedError as error:
        form.add_error(error.field or None, str(error))
        return _page(request, form, status=422)
    response = _page(request, TokenForm(user=request.user, request=request), made=token, secret=secret)
    # Not even the browser's own history keeps it.
    patch_cache_control(response, private=True, no_store=True)
    return response


def _page(request: MemberRequest, form: TokenForm, *, status: int = 200, **context: object) -> HttpResponse:
    context |= {"form": form, "tokens": valid_tokens(request.user)}
    return render(request, "accounts/tokens.html", context, status=status)


@require_POST
def revoke(request: MemberRequest, token_id: int) -> HttpResponse:
    """End one's own; another's is not found."""
    revoke_token(get_object_or_404(PersonalToken, pk=token_id, person=request.user))
    messages.success(request, "The token is revoked. Whatever used it is locked out.")
    return redirect("accounts:tokens")
