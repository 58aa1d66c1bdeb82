from __future__ import annotations

from collections.abc import Sequence

from accounts.models import User, Viewer
from social.models import with_follow_state


def people_in_order(ids: Sequence[int], viewer: Viewer) -> list[User]:
    """The people with these ids whom `viewer` may see, in this order, with followed_by_viewer. One query."""
    visible = with_follow_state(User.objects.visible_to(viewer).for_display(), viewer).filter(pk__in=ids)
    by_id = {person.pk: person for person in visible}
    return [by_id[pk] for pk in ids if pk in by_id]
