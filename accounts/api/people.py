"""Users in API responses and addresses."""

from __future__ import annotations

import re
from typing import Any

from django.http import HttpRequest
from ninja import Field, Schema

from accounts.models import USERNAME_PATTERN, User, UserQuerySet
from common.api import Id, NotFound, absolute
from common.pagination import MAX_BIGINT


class PersonOut(Schema):
    """Author of a post or comment."""

    id: Id = Field(description="The user's id.", examples=["284316759125000192"])
    username: str = Field(description="In lower case. It may change; the id does not.", examples=["anna.k"])
    name: str = Field(description="The display name; may be empty.", examples=["Anna K."])
    url: str = Field(description="The URL of the profile page.", examples=["https://example.org/anna.k/"])
    avatar: str | None = Field(description="The URL of the avatar, 320 px square; null without one.")
    avatar_small: str | None = Field(description="The same, 96 px square.")
    is_private: bool = Field(description="True if only followers see the posts and lists.")


def person_out(request: HttpRequest, person: User) -> PersonOut:
    """No query: `person` has what `UserQuerySet.for_display` loads."""
    return PersonOut(**person_fields(request, person))


def person_fields(request: HttpRequest, person: User) -> dict[str, Any]:
    return {
        "id": person.pk,
        "username": person.username,
        "name": person.name,
        "url": absolute(request, person.get_absolute_url()),
        "avatar": absolute(request, person.avatar_url) or None,
        "avatar_small": absolute(request, person.avatar_small_url) or None,
        "is_private": person.is_private,
    }


def find_person(people: UserQuerySet, ref: str) -> User:
    """Return the user of `people` with the id or `@username` in `ref`. Raises NotFound."""
    if ref.startswith("@"):
        name = ref[1:].lower()
        person = people.filter(username=name).first() if re.fullmatch(USERNAME_PATTERN, name) else None
    else:
        person = people.filter(pk=read_id(ref)).first()
    if person is None:
        raise NotFound
    return person


def read_id(text: str) -> int:
    """Parse an id in an address. Raises NotFound if it is not a valid id."""
    if not (text.isascii() and text.isdigit() and len(text) < 20 and int(text) <= MAX_BIGINT):
        raise NotFound
    return int(text)
