"""The list of a person's notifications, and the number of unread ones."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import BigIntegerField, Exists, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.utils import timezone

from accounts.models import User
from common.compiled_queries import CompiledExists
from common.ids import time_of
from common.pagination import MAX_BIGINT, Page, cursor_of, page_of
from common.statements import Statement
from notifications.models import Notification, Occurrence, Preferences
from posts.loaded import visible_posts_of
from posts.models import Comment, Post
from social.queries import visible_people_in_order

UNREAD_CAP = 99
ROWS_PER_PAGE = 20
SECTIONS = [(1, "Today"), (7, "This week"), (30, "This month")]
NAMED = 2
COUNTED = 200
"""Maximum number of people counted per row; for more likes than that, the post's own count is used."""


@dataclass(frozen=True)
class Row:
    """A notification as the list shows it."""

    kind: str
    actors: Sequence[User]
    """The newest NAMED people at most, the newest first."""
    others: int
    """Number of further people."""
    is_unread: bool
    latest: int
    post: Post | None
    comment: Comment | None
    section: str
    """The heading of its period: "New", "Today" …"""
    heading: str
    """The same for the first row of the period, else ""."""

    @property
    def first(self) -> User:
        return self.actors[0]

    @property
    def is_of_many(self) -> bool:
        return self.others > 0 or len(self.actors) > 1

    @property
    def url(self) -> str:
        """Address of the comment in its thread, or of the post; "" without either."""
        if self.comment is not None and self.post is not None:
            self.comment.post = self.post
            return self.comment.url
        return self.post.get_absolute_url() if self.post else ""

    @property
    def moment(self) -> Notification:
        """A notification with the id of the newest occurrence, for its `created_at`."""
        return Notification(pk=self.latest)

    @property
    def post_word(self) -> str:
        """Noun for the post: "photo", "video", or "post" for several slides."""
        slides = self.post.slides if self.post else []
        return "post" if len(slides) != 1 else "video" if slides[0].is_video else "photo"


def visible_notifications(person: User) -> QuerySet[Notification]:
    """Return the rows that `person` may see: at least one visible actor, and a visible post or comment."""
    return Notification.objects.filter(
        Q(post__isnull=True) | Q(_POST_IS_VISIBLE(post="post_id", viewer=person.pk)),
        Q(comment__isnull=True) | Q(_COMMENT_IS_VISIBLE(comment="comment_id", viewer=person.pk)),
        _HAS_OCCURRENCE(row="pk", person=person.pk),
        recipient=person,
    )


_POST_IS_VISIBLE: Final = CompiledExists(
    lambda post, viewer: Post.objects.visible_to(User(pk=viewer)).filter(pk=post), outer=["post"]
)
_COMMENT_IS_VISIBLE: Final = CompiledExists(
    lambda comment, viewer: Comment.objects.visible_to(User(pk=viewer)).filter(pk=comment), outer=["comment"]
)
_HAS_OCCURRENCE: Final = CompiledExists(
    lambda row, person: Occurrence.objects.for_person(User(pk=person)).filter(notification=row), outer=["row"]
)


def has_unread(person: str) -> Exists:
    """Return the condition of `user.flags.has_unread`: the person in the outer field `person` has an unread row.

    The row may be hidden from them. One index probe.
    """
    known = Preferences.objects.filter(person=OuterRef(OuterRef(person))).values("read_up_to")
    read_up_to = Coalesce(Subquery(known), Value(0), output_field=BigIntegerField())
    return Exists(Notification.objects.filter(recipient=OuterRef(person), latest__gt=read_up_to))


def unread_count(person: User) -> int:
    """Return the number of unread rows, at most UNREAD_CAP + 1. One query, over the index range of unread rows."""
    return len(_UNREAD.rows(person=person.pk))


def _unread(person: int) -> QuerySet[Any, Any]:
    reader = User(pk=person)
    rows = visible_notifications(reader).filter(Exists(_new(reader)), latest__gt=_read_up_to(reader))
    return rows.values_list("pk", flat=True)[: UNREAD_CAP + 1]


_UNREAD: Final = Statement("unread_notifications", _unread, person="bigint")


def badge_text(person: User) -> str:
    """Return `unread_count` for display: "", "1" … "99", "99+". No query if the person's flags tell that it is ""."""
    count = unread_count(person) if person.flags.has_unread else 0
    return f"{UNREAD_CAP}+" if count > UNREAD_CAP else str(count or "")


def notification_page(request: HttpRequest, person: User, size: int) -> Page[Row]:
    """Return a page of rows, newest first. Five queries, regardless of the size."""
    before = cursor_of(request) or MAX_BIGINT
    if size == ROWS_PER_PAGE:
        rows = _NEWEST.rows(person=person.pk, before=before)
    else:
        rows = list(_newest(person.pk, before)[: size + 1])
    page = page_of(request, rows, size, field="latest")
    people = {one.pk: one for one in visible_people_in_order(_named(page.items), person)}
    posts_by_id = visible_posts_of({row.post_id for row in page if row.post_id}, person)
    comments = _visible_comments({row.comment_id for row in page if row.comment_id}, person)
    section = _section_before(request, page.items)
    found: list[Row] = []
    for notification in page:
        row = _row(notification, people, posts_by_id, comments, section)
        # A block since the first query leaves a row without people.
        if row.actors:
            found.append(row)
            section = row.section
    return Page(found, page.next_url)


def _newest(person: int, before: int) -> QuerySet[Notification]:
    """Return visible rows below the id `before` with what a list shows of them, newest first."""
    reader = User(pk=person)
    newest = _occurrences(reader).order_by("-pk")
    annotations: dict[str, Any] = {
        "is_new": Exists(_new(reader)),
        "read_up_to": _read_up_to(reader),
        "actor_ids": ArraySubquery(newest.values("actor_id")[:COUNTED]),
    }
    return visible_notifications(reader).filter(latest__lt=before).annotate(**annotations).order_by("-latest")


_NEWEST: Final = Statement[Notification](
    "newest_notifications",
    lambda person, before: _newest(person, before)[: ROWS_PER_PAGE + 1],
    person="bigint",
    before="bigint",
)


def _visible_comments(ids: Collection[int], person: User) -> dict[int, Comment]:
    rows = _COMMENTS.rows(person=person.pk, ids=ids) if ids else []
    return {comment.pk: comment for comment in rows}


_COMMENTS: Final = Statement[Comment](
    "notified_comments",
    lambda person, ids: Comment.objects.visible_to(User(pk=person)).filter(pk__any_of=ids),
    person="bigint",
    ids="bigint[]",
)


def _occurrences(person: User) -> QuerySet[Occurrence]:
    """Return the visible occurrences of the outer row: none by people blocked or muted since."""
    return Occurrence.objects.for_person(person).filter(notification=OuterRef("pk"))


def _new(person: User) -> QuerySet[Occurrence]:
    return _occurrences(person).filter(pk__gt=_read_up_to(person))


def _read_up_to(person: User) -> Coalesce:
    known = Preferences.objects.filter(person=person).values("read_up_to")
    return Coalesce(Subquery(known), Value(0), output_field=BigIntegerField())


def _named(rows: Sequence[Notification]) -> list[int]:
    return list(dict.fromkeys(pk for row in rows for pk in _actor_ids(row)[:NAMED]))


def _actor_ids(row: Notification) -> list[int]:
    return list(dict.fromkeys(row.actor_ids))


def _section_before(request: HttpRequest, rows: Sequence[Notification]) -> str:
    """Return the section of the last row of the previous page; "" on the first page."""
    cursor = cursor_of(request)
    if cursor is None or not rows:
        return ""
    return section_of(cursor, is_unread=cursor > rows[0].read_up_to)


def _row(
    row: Notification, people: dict[int, User], posts: dict[int, Post], comments: dict[int, Comment], before: str
) -> Row:
    section = section_of(row.latest, is_unread=row.is_new)
    ids = _actor_ids(row)
    post = posts.get(row.post_id) if row.post_id else None
    count = max(len(ids), post.like_count) if post and len(ids) >= COUNTED else len(ids)
    actors = [people[pk] for pk in ids[:NAMED] if pk in people]
    return Row(
        kind=row.kind,
        actors=actors,
        others=count - len(actors),
        is_unread=row.is_new,
        latest=row.latest,
        post=post,
        comment=comments.get(row.comment_id) if row.comment_id else None,
        section=section,
        heading=section if section != before else "",
    )


def section_of(latest: int, *, is_unread: bool) -> str:
    """Return the heading of a row, by days in the reader's time zone."""
    if is_unread:
        return "New"
    days = (timezone.localdate() - timezone.localdate(time_of(latest))).days
    return next((name for limit, name in SECTIONS if days < limit), "Earlier")
