"""Events that the actions of posts emit. `instagram/subscriptions.py` lists the tasks that follow each."""

from dataclasses import dataclass


@dataclass(frozen=True)
class MediaSubmitted:
    """The original of a photo is stored and waits to be rendered."""

    media_id: int


@dataclass(frozen=True)
class VideoSubmitted:
    """The original of a video is stored and waits to be converted."""

    media_id: int


@dataclass(frozen=True)
class PostPublished:
    """All media of the post are ready, and other people can see it from now on."""

    post_id: int


@dataclass(frozen=True)
class PostReturned:
    """A post that was archived or removed is visible again. Mentions and tags in it are not notified a second time."""

    post_id: int


@dataclass(frozen=True)
class PostDeleted:
    """The author deleted the post. It is hidden already; its files and rows still exist."""

    post_id: int


@dataclass(frozen=True)
class PostLiked:
    post_id: int
    liker_id: int


@dataclass(frozen=True)
class CommentAdded:
    """A comment has become visible to others: it was just written, or approved."""

    comment_id: int


@dataclass(frozen=True)
class CommentLiked:
    comment_id: int
    liker_id: int


@dataclass(frozen=True)
class PersonMentioned:
    """A person was mentioned with an @ in a text that they can see. Only emitted if they want to be notified."""

    mention_id: int


@dataclass(frozen=True)
class PersonTagged:
    """A person was tagged in a photo of a published post. Not emitted when authors tag themselves."""

    tag_id: int
