"""Lock posts."""

from __future__ import annotations

from posts.models import Post


def lock_against_deletion(post: Post) -> Post:
    """Return the current row of the post, locked against deletion. Raises Post.DoesNotExist.

    The lock is the one that a reference takes, but taken now: references are checked at the commit, where one to a
    post that was purged a moment ago would be an error that nobody catches. Folding and editing do not wait for it.
    """
    held = Post.objects.raw("SELECT * FROM posts_post WHERE id = %s AND deleted_at IS NULL FOR KEY SHARE", [post.pk])
    for row in held:
        return row
    raise Post.DoesNotExist
