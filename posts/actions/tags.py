"""Tag people in photos.

Rows are written under the lock of each pair of users, and database triggers reject them next to a block: in a race,
the block wins.
"""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from common.events import emit
from common.limits import MAX_PEOPLE_TAGS
from common.refusals import Refusal
from posts.events import PersonTagged
from posts.models import Media, PersonTag, Post
from posts.queries import allows_tags_by, can_see_q
from social.locks import lock_user_pair


@transaction.atomic
def tag_person(medium: Media, *, username: str, x: float, y: float) -> PersonTag:
    """Tag a person in a photo at (`x`, `y`), fractions of its size from 0 to 1, or move their existing tag.

    Raises Refusal if the post's author can see no user of that name; if the user may not see the post, does
    not allow the author to tag them, or has removed themselves from this photo; or if the photo has MAX_PEOPLE_TAGS.
    """
    row = Media.objects.select_for_update(no_key=True).select_related(None).get(pk=medium.pk)
    post = Post.objects.select_related("author").get(media=row)
    name = username.strip().removeprefix("@").lower()
    if not name:
        raise Refusal("Enter a username.")
    found = User.objects.visible_to(post.author).filter(username=name).values_list("pk", flat=True).first()
    if found is None:
        raise Refusal(f"We couldn’t find “{name}”. Check the spelling.")
    if found != post.author_id:
        lock_user_pair(post.author_id, found)
    tag = PersonTag.objects.filter(media=row, person_id=found).first()
    if tag is None:
        return _add_tag(row, post, name, PersonTag(media=row, post=post, person_id=found, x=x, y=y))
    if tag.removed_at is not None:
        raise Refusal(f"{name} removed themselves from this photo.")
    tag.x, tag.y = x, y
    tag.save(update_fields=["x", "y"])
    return tag


def _add_tag(medium: Media, post: Post, name: str, tag: PersonTag) -> PersonTag:
    """Insert a tag. The caller has locked the medium and the pair of users."""
    if medium.is_video:
        raise Refusal("You can only tag people in photos.")
    is_self = tag.person_id == post.author_id
    # Checked under the lock of the pair, which excludes a block in the meantime.
    person = User.objects.filter(can_see_q(post), pk=tag.person_id)
    if not person.exists():
        raise Refusal(f"{name} can’t see this post, so you can’t tag them in it.")
    if not is_self and not person.filter(allows_tags_by(post.author_id)).exists():
        raise Refusal(f"{name} doesn’t allow you to tag them.")
    if PersonTag.objects.filter(media=medium, removed_at=None).count() >= MAX_PEOPLE_TAGS:
        raise Refusal(f"This photo has {MAX_PEOPLE_TAGS} people, which is the limit.")
    tag.save(force_insert=True)
    if post.is_published and not is_self:
        emit(PersonTagged(tag_id=tag.pk))
    return tag


@transaction.atomic
def remove_tag(tag: PersonTag, *, remover: User) -> bool:
    """Remove a tag from `PersonTag.objects.removable_by(remover)`; return False if it was removed already.

    People who remove their own tag cannot be tagged in this photo again. If the author removes the tag, they can.
    """
    rows = PersonTag.objects.filter(pk=tag.pk, removed_at=None)
    if tag.person_id == remover.pk and tag.media.owner_id != remover.pk:
        return rows.update(removed_at=timezone.now()) > 0
    return rows.delete()[0] > 0


def notify_tagged(post: Post) -> None:
    """Notify people tagged in a post that has become visible, in the caller's transaction."""
    tags = PersonTag.objects.filter(post=post, removed_at=None).exclude(person_id=post.author_id)
    for pk in tags.values_list("pk", flat=True):
        emit(PersonTagged(tag_id=pk))
