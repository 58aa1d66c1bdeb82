"""The caller's hidden words in the JSON API."""

from __future__ import annotations

from ninja import Field, Schema

from accounts.api.bodies import Acting, check_actor
from accounts.http import MemberRequest
from common.api import PROBLEMS, ApiRouter
from common.api_bodies import form_problem
from common.limits import MAX_HIDDEN_WORDS
from posts.actions import hidden_words as actions
from posts.forms.hidden_words import HiddenWordsForm
from posts.models import HiddenWord

router = ApiRouter(tags=["posts"])


class HiddenWordsOut(Schema):
    words: list[str] = Field(description="Comments with one of them wait for the caller's approval.")


class HiddenWordsIn(Acting):
    """The complete list, which replaces the present one."""

    words: list[str] = Field(max_length=MAX_HIDDEN_WORDS, description="Words or phrases; [] removes all.")


@router.get("/user/hidden-words", response={200: HiddenWordsOut, **PROBLEMS})
def get_hidden_words(request: MemberRequest) -> HiddenWordsOut:
    """Return the caller's hidden words."""
    return _words_out(request)


@router.post("/user/hidden-words", response={200: HiddenWordsOut, **PROBLEMS})
def set_hidden_words(request: MemberRequest, body: HiddenWordsIn) -> HiddenWordsOut:
    """Replace the caller's hidden words. Comments that exist already are not affected."""
    check_actor(request, body)
    form = HiddenWordsForm({"words": "\n".join(" ".join(word.split()) for word in body.words)})
    if not form.is_valid():
        raise form_problem(form)
    actions.set_hidden_words(request.user, form.cleaned_data["words"])
    return _words_out(request)


def _words_out(request: MemberRequest) -> HiddenWordsOut:
    return HiddenWordsOut(words=list(HiddenWord.objects.of(request.user).values_list("word", flat=True)))
