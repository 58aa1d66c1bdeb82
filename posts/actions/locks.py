"""Locks that several actions take."""

from __future__ import annotations

from posts.models import Post


def lock_against_deletion(post: Post) -> Post:
    """Return the current row of the post, locked against deletion until the transaction ends.

    Raises Post.DoesNotExist if the post was deleted. Foreign keys are checked at the commit, where a reference to a
    post that was just purged would raise an error outside of the action; taking the key share lock first avoids that.
    The lock does not block edits of the post or the folding of its counters.
    """
    held = Post.objects.raw("SELECT * FROM posts_post WHERE id = %s AND deleted_at IS NULL FOR KEY SHARE", [post.pk])
    for row in held:
        return row
    raise Post.DoesNotExist
