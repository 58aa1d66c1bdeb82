"""Store mentions of people in captions and comments.

Rows are written under the lock of each pair of users, and database triggers reject them next to a block: in a race,
the block wins.
"""

from __future__ import annotations

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from accounts.models import User, visible_users_q
from common.events import emit
from common.limits import MAX_MENTIONS
from common.linkify import extract_names
from posts.events import PersonMentioned
from posts.models import Comment, Mention, Post
from posts.queries import allows_tags_by, can_see_q
from social.locks import lock_user_pairs


def sync_mentions(post: Post, comment: Comment | None = None, *, before: str | None = None) -> None:
    """Update the mentions of a caption, or of a comment, to match its text, in the caller's transaction.

    Only the first MAX_MENTIONS names count. Skips the writer's own name and people who may not see the post, or with a
    block between them and the writer or the post's author. A mention that its person removed stays removed. `before`
    is the previous text; None for a new caption or comment.

    Cost: nothing if neither text has a name, otherwise about six queries, whatever the number of names.
    """
    writer = post.author if comment is None else comment.author
    names = extract_names(post.caption if comment is None else comment.text)[:MAX_MENTIONS]
    there = Mention.objects.filter(post=post, comment=comment)
    is_asked = before is not None and (names or "@" in before)
    had = set(there.values_list("person_id", flat=True)) if is_asked else set()
    named = _people_named(names, post, writer) if names else set()
    if had - named:
        there.filter(person__in=had - named, removed_at=None).delete()
    if not named - had:
        return
    Mention.objects.bulk_create(Mention(post=post, comment=comment, person_id=pk) for pk in sorted(named - had))
    if post.is_published:
        notify_mentioned(there.filter(person__in=named - had), writer.pk)


def _people_named(names: list[str], post: Post, writer: User) -> set[int]:
    """Return the ids of the named people who may see the post, after locking their pairs with writer and author."""
    people = User.objects.filter(username__in=names).exclude(pk=writer.pk)
    ids = list(people.values_list("pk", flat=True))
    lock_user_pairs((one, pk) for one in {writer.pk, post.author_id} for pk in ids if one != pk)
    return set(User.objects.filter(can_see_q(post), visible_users_q(writer), pk__in=ids).values_list("pk", flat=True))


def notify_mentioned(mentions: QuerySet[Mention], writer_id: int) -> None:
    welcoming = User.objects.filter(allows_tags_by(writer_id))
    for pk in mentions.filter(person__in=welcoming, removed_at=None).values_list("pk", flat=True):
        emit(PersonMentioned(mention_id=pk))


@transaction.atomic
def remove_mention(person: User, *, post: Post, comment: Comment | None = None) -> bool:
    """Unlink the name of `person` in the caption or in the comment; return False if it is unlinked already.

    The name stays unlinked if the text is edited.
    """
    rows = Post.objects.filter(pk=post.pk) if comment is None else Comment.objects.filter(pk=comment.pk)
    row = rows.select_for_update(no_key=True).first()
    if row is None or person.username in row.unlinked:
        return False
    row.unlinked = [*row.unlinked, person.username]
    rows.update(unlinked=row.unlinked)
    Post.objects.filter(pk=post.pk).update(version=F("version") + 1)
    Mention.objects.filter(post=post, comment=comment, person=person).update(removed_at=timezone.now())
    return True
