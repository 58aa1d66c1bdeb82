"""Edit the user's profile."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.actions import avatars
from accounts.actions.profile import edit_profile
from accounts.forms.profile import ProfileForm
from accounts.http import MemberRequest
from accounts.models import User
from media.errors import MediaError


@require_safe
def settings_index(request: MemberRequest) -> HttpResponse:
    """List the settings pages; the entry page of the settings on phones."""
    return render(request, "accounts/settings.html")


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: MemberRequest) -> HttpResponse:
    """Show the profile form; POST saves it. An invalid form is shown again with status 422 and its errors."""
    user = request.user
    if request.method != "POST":
        form = ProfileForm(initial={"name": user.name, "bio": user.bio, "link": user.link})
        return _page(request, form)
    form = ProfileForm(request.POST, request.FILES)
    if not form.is_valid() or not _save(form, user):
        return _page(request, form, status=422)
    messages.success(request, _saved_message(form))
    return redirect("accounts:edit")


def _save(form: ProfileForm, user: User) -> bool:
    """Save the avatar first: it can still be rejected, and then nothing has changed. Return False if it was."""
    picture = form.cleaned_data["avatar"]
    if picture:
        try:
            avatars.change_avatar(user, picture, crop=form.avatar_crop)
        except MediaError as error:
            form.add_error("avatar", str(error))
            return False
    edit_profile(user, name=form.cleaned_data["name"], bio=form.cleaned_data["bio"], link=form.cleaned_data["link"])
    return True


def _saved_message(form: ProfileForm) -> str:
    return "Profile saved. Your new photo appears in a moment." if form.cleaned_data["avatar"] else "Profile saved."


def _page(request: MemberRequest, form: ProfileForm, status: int = 200) -> HttpResponse:
    return render(request, "accounts/edit.html", {"form": form}, status=status)


@require_POST
def remove_avatar(request: MemberRequest) -> HttpResponse:
    avatars.remove_avatar(request.user)
    messages.success(request, "Photo removed.")
    return redirect("accounts:edit")
