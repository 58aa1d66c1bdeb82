"""A plain Python model of the visibility rules, to compare the site with. It knows sets of pairs and no SQL."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class ModelPost:
    """A published post; `pk` is its id on the site, people are numbers."""

    pk: int
    author: int
    is_for_close: bool
    is_archived: bool = False
    is_deleted: bool = False
    likes: set[int] = field(default_factory=set)
    comments: dict[int, ModelComment] = field(default_factory=dict)


@dataclass
class ModelComment:
    writer: int
    is_waiting: bool


@dataclass
class Model:
    """The state that the site should have, and who may see what in it. Pairs are (actor, other person)."""

    private: set[int] = field(default_factory=set)
    suspended: set[int] = field(default_factory=set)
    follows: set[tuple[int, int]] = field(default_factory=set)
    requests: set[tuple[int, int]] = field(default_factory=set)
    blocks: set[tuple[int, int]] = field(default_factory=set)
    mutes: set[tuple[int, int]] = field(default_factory=set)
    restricts: set[tuple[int, int]] = field(default_factory=set)
    close: set[tuple[int, int]] = field(default_factory=set)
    posts: list[ModelPost] = field(default_factory=list)

    def is_blocked_between(self, one: int, other: int) -> bool:
        return (one, other) in self.blocks or (other, one) in self.blocks

    def sees_profile(self, viewer: int, person: int) -> bool:
        return person not in self.suspended and not self.is_blocked_between(viewer, person)

    def sees_content(self, viewer: int, person: int) -> bool:
        is_open = person not in self.private or viewer == person or (viewer, person) in self.follows
        return self.sees_profile(viewer, person) and is_open

    def sees(self, viewer: int, post: ModelPost) -> bool:
        is_for_viewer = not post.is_for_close or viewer == post.author or (post.author, viewer) in self.close
        is_listed = not post.is_archived and not post.is_deleted
        return self.sees_content(viewer, post.author) and is_for_viewer and is_listed

    def reads(self, viewer: int, post: ModelPost, comment: ModelComment) -> bool:
        is_shown = not comment.is_waiting or viewer in {comment.writer, post.author}
        is_unblocked = not self.is_blocked_between(post.author, comment.writer)
        return self.sees(viewer, post) and self.sees_profile(viewer, comment.writer) and is_shown and is_unblocked

    def comment_count(self, viewer: int, post: ModelPost) -> int:
        return sum(not comment.is_waiting or comment.writer == viewer for comment in post.comments.values())

    def home(self, reader: int) -> list[int]:
        seen = (post for post in self.posts if self.sees(reader, post) and (reader, post.author) not in self.mutes)
        mine = (post.pk for post in seen if post.author == reader or (reader, post.author) in self.follows)
        return sorted(mine, reverse=True)

    def counts(self, person: int) -> tuple[int, int, int]:
        posts = (post for post in self.posts if post.author == person and not post.is_for_close)
        followers = sum(followee == person for _, followee in self.follows)
        following = sum(follower == person for follower, _ in self.follows)
        return followers, following, sum(not post.is_archived and not post.is_deleted for post in posts)

    def add_follow(self, follower: int, followee: int) -> None:
        self.requests.discard((follower, followee))
        self.follows.add((follower, followee))
