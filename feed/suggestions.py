"""People to follow."""

from __future__ import annotations

from django.db.models import Exists, OuterRef

from accounts.models import DISPLAY_FIELDS, User
from social.models import FollowRequest, follows, not_muted


def suggestions_for(reader: User, *, count: int = 5) -> list[User]:
    """The most followed people whom `reader` does not follow, has not asked and not muted, each with its `reason`.

    One query, by index.
    """
    asked = FollowRequest.objects.filter(requester=reader, target=OuterRef("pk"))
    people = (
        User.objects.visible_to(reader)
        .exclude(pk=reader.pk)
        .filter(~follows(reader, "pk"), ~Exists(asked), not_muted(reader, "pk"), folded_posts__gt=0)
        .order_by("-folded_followers", "-id")
        .only(*DISPLAY_FIELDS, "folded_followers")[:count]
    )
    for person in people:
        person.followed_by_viewer = person.requested_by_viewer = False
        person.reason = "Popular" if person.folded_followers else "New here"
    return list(people)
