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
    """All media of the post are ready: others may see it from now on."""

    post_id: int


@dataclass(frozen=True)
class PostReturned:
    """A post that was archived or removed is there again. Nobody is told anew of what it says."""

    post_id: int


@dataclass(frozen=True)
class PostDeleted:
    """Nobody sees the post any more; its files are still there."""

    post_id: int


@dataclass(frozen=True)
class PostLiked:
    post_id: int
    liker_id: int


@dataclass(frozen=True)
class CommentAdded:
    """There is a comment that others see: written just now, or approved."""

    comment_id: int


@dataclass(frozen=True)
class CommentLiked:
    comment_id: int
    liker_id: int


@dataclass(frozen=True)
class CommentUnliked:
    comment_id: int
    liker_id: int


@dataclass(frozen=True)
class PersonMentioned:
    """Somebody who wants to hear of it is named with an @ in words that they may see."""

    mention_id: int


@dataclass(frozen=True)
class PersonTagged:
    """Somebody is tagged in a photo of a post that others see; nobody is told of having tagged themselves."""

    tag_id: int
