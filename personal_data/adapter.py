"""Sign in to accounts that are deactivated or scheduled for deletion."""

from __future__ import annotations

from typing import Any

from allauth.account.internal.stagekit import clear_login
from django.contrib import messages
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from accounts.adapter import AccountAdapter
from accounts.models import User
from personal_data.actions.deactivation import reactivate
from personal_data.recovery_cookie import set_recovery_cookie


class SiteAccountAdapter(AccountAdapter):
    """The site's allauth adapter. Kept here because `accounts` is below this app and cannot import it."""

    def pre_login(self, request: HttpRequest, user: AbstractBaseUser, **kwargs: Any) -> HttpResponse | None:
        """Ask a user whose account is scheduled for deletion whether to keep it, before they get a session."""
        response: HttpResponse | None = super().pre_login(request, user, **kwargs)
        if response is not None or not isinstance(user, User) or user.deletes_at is None:
            return response
        clear_login(request)
        if user.deletes_at <= timezone.now():
            return render(request, "personal_data/keep.html", {"deletes_at": None}, status=403)
        return set_recovery_cookie(redirect("personal_data:keep"), user)

    def post_login(self, request: HttpRequest, user: AbstractBaseUser, **kwargs: Any) -> HttpResponse:
        """Reactivate a deactivated account."""
        if isinstance(user, User) and user.deactivated_at is not None and reactivate(user):
            messages.success(request, "Welcome back. People can see your profile again.")
        return super().post_login(request, user, **kwargs)
