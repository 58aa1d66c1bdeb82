"""The volume of a followee: which of their posts the reader's home page shows.

ALL shows every post. FEWER shows the first post of each day, by UTC. HIGHLIGHTS shows the better-liked half of the last
RECENT posts, and older posts with as many likes; and all posts of an author with fewer than half of RECENT.

The rules compare a post only with posts visible to all followers, so that a missing post does not reveal one for close
friends. A highlight appears at the place of its time once it has enough likes, by the folded count, at most a few
seconds old.
"""

from __future__ import annotations

from typing import Any, Final

from django.db.models import (
    BigIntegerField,
    BooleanField,
    Case,
    Exists,
    ExpressionWrapper,
    Func,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.lookups import IsNull, LessThan

from accounts.models import User
from common.compiled_queries import CompiledSubquery
from common.ids import TIME_SHIFT
from posts.models import Audience, Post
from social.models import Follow, Volume

RECENT: Final = 20
IDS_OF_A_DAY: Final = (24 * 3600 * 1000) << TIME_SHIFT
"""The number of ids in a day, from midnight to midnight UTC; the first id of each day is a multiple."""


def within_volume(reader: User) -> Q:
    """Return the condition that the post is within the volume that `reader` chose for its author.

    Cost: one index entry for each post, and up to RECENT posts for those whose author has another volume than ALL.
    """
    # Not NOT EXISTS: PostgreSQL turns it into a join that reads all follows of the reader for each post.
    return Q(IsNull(_TURNED_DOWN(post="pk", author="author_id", likes="folded_likes", reader=reader.pk), True))


def _turned_down(post: Any, author: Any, likes: Any, reader: int) -> QuerySet[Any, Any]:
    number = BigIntegerField()
    since_midnight = Func(post, Value(IDS_OF_A_DAY), function="MOD", output_field=number)
    midnight = ExpressionWrapper(post - since_midnight, output_field=number)
    posts = Post.objects.published().filter(author_id=author, audience=Audience.EVERYONE)
    earlier = posts.filter(pk__gte=midnight, pk__lt=post).order_by()
    recent = posts.order_by("-pk").values("pk")[:RECENT]
    by_likes = posts.filter(pk__in=recent).order_by("-folded_likes").values("folded_likes")
    half_way = Subquery(by_likes[RECENT // 2 - 1 : RECENT // 2])
    is_turned_down = Case(
        When(volume=Volume.FEWER, then=Exists(earlier)),
        default=LessThan(likes, half_way),
        output_field=BooleanField(),
    )
    follow = Follow.objects.filter(follower_id=reader, followee_id=author, volume__gt=Volume.ALL.value)
    return follow.filter(is_turned_down).values("pk")[:1]


_TURNED_DOWN: Final = CompiledSubquery(_turned_down, outer=["post", "author", "likes"], output_field=BigIntegerField())
