from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from accounts.http import MemberRequest
from posts.actions.hidden_words import set_hidden_words
from posts.forms.hidden_words import HiddenWordsForm
from posts.models import HiddenWord


@require_http_methods(["GET", "HEAD", "POST"])
def hidden_words(request: MemberRequest) -> HttpResponse:
    """Edit the viewer's list of words that hold comments under the viewer's posts for approval."""
    words = list(HiddenWord.objects.of(request.user).values_list("word", flat=True))
    form = HiddenWordsForm(request.POST if request.method == "POST" else None, initial={"words": "\n".join(words)})
    if request.method == "POST" and form.is_valid():
        count = set_hidden_words(request.user, form.cleaned_data["words"])
        messages.success(request, f"Saved: {count} hidden word{'' if count == 1 else 's'}.")
        return redirect("posts:hidden_words")
    context = {"form": form, "count": len(words)}
    return render(request, "posts/hidden_words.html", context, status=422 if form.errors else 200)
