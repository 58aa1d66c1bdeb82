"""Change, confirm and remove the user's mobile number."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from accounts.actions.contact import (
    change_mobile,
    confirm_mobile,
    find_pending_mobile,
    mobile_number,
    remove_mobile,
)
from accounts.forms.contact import CodeForm, MobileForm
from accounts.http import MemberRequest
from common import sms
from common.refusals import Refusal


@sensitive_post_parameters("mobile")
@require_http_methods(["GET", "HEAD", "POST"])
def mobile(request: MemberRequest) -> HttpResponse:
    """Show the confirmed and the pending number; POST sends a code to a new one."""
    if request.method != "POST":
        return _page(request)
    form = MobileForm(request.POST)
    if not form.is_valid():
        return _page(request, form=form, status=422)
    try:
        if not change_mobile(request.user, form.cleaned_data["mobile"]):
            messages.success(request, "That’s already your number.")
    except Refusal as error:
        form.add_error("mobile", str(error))
        return _page(request, form=form, status=429 if error.retry_after else 422)
    return redirect("accounts:mobile")


@sensitive_post_parameters("code")
@require_POST
def confirm(request: MemberRequest) -> HttpResponse:
    form = CodeForm(request.POST)
    if not form.is_valid():
        return _page(request, code_form=form, status=422)
    try:
        confirm_mobile(request.user, form.cleaned_data["code"])
    except Refusal as error:
        form.add_error("code", str(error))
        return _page(request, code_form=form, status=422)
    messages.success(request, "Your number was confirmed.")
    return redirect("accounts:mobile")


@require_POST
def remove(request: MemberRequest) -> HttpResponse:
    remove_mobile(request.user)
    messages.success(request, "Your number was removed.")
    return redirect("accounts:mobile")


def _page(
    request: MemberRequest, *, form: MobileForm | None = None, code_form: CodeForm | None = None, status: int = 200
) -> HttpResponse:
    context = {
        "form": form or MobileForm(),
        "code_form": code_form or CodeForm(),
        "number": mobile_number(request.user),
        "pending_mobile": find_pending_mobile(request.user),
        "can_send": sms.is_possible(),
    }
    return render(request, "accounts/mobile.html", context, status=status)
