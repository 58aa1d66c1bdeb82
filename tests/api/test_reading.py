"""Posts, comments, likes, saves and archives as the API returns them."""

from __future__ import annotations

import pytest

from accounts.models import User
from posts.actions.archiving import archive_post
from posts.actions.comments import add_comment
from posts.actions.likes import like_comment, like_post
from posts.actions.saves import put_in_collection
from posts.models import Collection, Media, PersonTag, Post, Save
from social.actions.blocks import block
from social.actions.follows import follow

pytestmark = pytest.mark.django_db


# --- Posts ------------------------------------------------------------------------------------------------------------


def test_a_post_is_found_by_id_and_by_shortcode(post, follower, get):
    by_number, by_shortcode = get(follower, f"/posts/{post.pk}"), get(follower, f"/posts/{post.shortcode}")

    assert by_number == by_shortcode
    assert by_number["id"] == str(post.pk)
    assert by_number["url"] == f"http://testserver/p/{post.shortcode}/"
    assert (by_number["caption"], by_number["tags"]) == ("Morning light #sun", ["sun"])
    assert by_number["author"]["username"] == "author"
    assert by_number["created_at"] == f"{post.created_at:%Y-%m-%dT%H:%M:%S}.{post.created_at.microsecond // 1000:03}Z"


def test_a_post_describes_its_files(author, stranger, follower, share, get):
    post = share(author, photos=2)
    second = post.media.get(position=1)
    PersonTag.objects.create(media=second, post=post, person=follower, x=0.25, y=0.5)

    first, other = get(stranger, f"/posts/{post.pk}")["media"]

    assert (first["alt"], other["alt"]) == ("alt text 0", "alt text 1")
    assert (first["kind"], first["state"], first["video"], first["people"]) == ("photo", "ready", None, [])
    [image] = first["images"]
    assert image | {"webp": ""} == {
        "width": 320,
        "height": 240,
        "webp": "",
        "jpeg": f"http://testserver/media/{first['id']}/aa/bb/c.jpg",
    }
    [tag] = other["people"]
    assert (tag["person"]["id"], tag["x"], tag["y"]) == (str(follower.pk), 0.25, 0.5)


def test_a_video_has_the_urls_of_its_files_and_captions(post, stranger, get):
    video = {"mp4": "aa/bb/c.mp4", "bytes": 9, "hls": "aa/bb/c/master.m3u8", "files": []}
    Media.objects.update(kind="video", duration_ms=2500, video=video, captions="aa/bb/c.vtt")

    [medium] = get(stranger, f"/posts/{post.pk}")["media"]

    assert medium["video"] == {
        "mp4": f"http://testserver/media/{medium['id']}/aa/bb/c.mp4",
        "hls": f"http://testserver/media/{medium['id']}/aa/bb/c/master.m3u8",
        "captions": f"http://testserver/p/{post.shortcode}/captions/{medium['id']}.vtt",
        "loops": False,
    }


def test_a_tagged_person_blocked_by_the_reader_is_not_listed(post, stranger, follower, get):
    PersonTag.objects.create(media=post.media.get(), post=post, person=follower, x=0.5, y=0.5)
    block(stranger, blocked=follower)

    assert get(stranger, f"/posts/{post.pk}")["media"][0]["people"] == []


def test_a_post_says_whether_the_reader_likes_and_saved_it(post, follower, stranger, get):
    like_post(post, liker=follower)
    Save.objects.create(post=post, person=follower)

    mine, theirs = get(follower, f"/posts/{post.pk}"), get(stranger, f"/posts/{post.pk}")

    assert (mine["liked"], mine["saved"], mine["like_count"]) == (True, True, 1)
    assert (theirs["liked"], theirs["saved"], theirs["like_count"]) == (False, False, 1)


def test_hidden_likes_are_shown_only_to_the_author(post, author, follower, get):
    like_post(post, liker=follower)
    Post.objects.update(hide_likes=True)

    assert get(follower, f"/posts/{post.pk}")["like_count"] is None
    get(follower, f"/posts/{post.pk}/likes", status=404)
    assert get(author, f"/posts/{post.pk}")["like_count"] == 1
    assert len(get(author, f"/posts/{post.pk}/likes")["items"]) == 1


def test_a_reader_who_hides_like_counts_gets_none(post, follower, get):
    User.objects.filter(pk=follower.pk).update(hide_like_counts=True)

    assert get(follower, f"/posts/{post.pk}")["like_count"] is None


def test_an_archived_post_is_visible_only_to_its_author(post, author, follower, get):
    archive_post(post)

    assert get(author, f"/posts/{post.pk}")["state"] == "archived"
    get(follower, f"/posts/{post.pk}", status=404)


def test_a_failed_post_shows_its_error_to_the_author_without_another_query(post, author, get, signed_in):
    Media.objects.update(state="failed", error="It is broken.")
    Post.objects.update(published_at=None)

    found = get(author, f"/posts/{post.pk}")

    assert (found["state"], found["media"][0]["error"]) == ("failed", "It is broken.")


@pytest.mark.parametrize("ref", ["0", "-1", "9" * 19, "9" * 400, "A" * 12, "%00", "é", "1.5", "none.of.ours"])
def test_an_invalid_reference_to_a_post_is_404(ref, follower, get):
    get(follower, f"/posts/{ref}", status=404)
    get(follower, f"/users/{ref}", status=404)
    get(follower, f"/users/@{ref}", status=404)


# --- Comments and likes -----------------------------------------------------------------------------------------------


def test_comments_are_listed_without_their_replies(post, author, follower, get):
    first = add_comment(post, author=follower, text="first")
    reply = add_comment(post, author=author, text="reply", reply_to=first)
    second = add_comment(post, author=author, text="second")

    threads = get(follower, f"/posts/{post.pk}/comments")["items"]
    replies = get(follower, f"/posts/{post.pk}/comments?parent={first.pk}")["items"]

    assert [one["text"] for one in threads] == ["second", "first"]
    assert [one["reply_count"] for one in threads] == [0, 1]
    assert [(one["id"], one["parent_id"]) for one in replies] == [(str(reply.pk), str(first.pk))]
    get(follower, f"/posts/{post.pk}/comments?parent={reply.pk}", status=404)
    get(follower, f"/posts/{post.pk}/comments?parent=1", status=404)
    assert second.pk


def test_likers_of_a_post_are_listed_with_the_follow_state(post, author, follower, stranger, get):
    for liker in (follower, stranger):
        like_post(post, liker=liker)
    follow(stranger, followee=follower)

    people = get(stranger, f"/posts/{post.pk}/likes")["items"]

    assert [(one["username"], one["standing"]) for one in people] == [("stranger", "self"), ("follower", "following")]


def test_likers_of_a_comment_are_listed(post, author, follower, stranger, get):
    comment = add_comment(post, author=author, text="first")
    for liker in (follower, stranger):
        like_comment(comment, liker=liker)

    people = get(author, f"/comments/{comment.pk}/likes")["items"]

    assert [one["username"] for one in people] == ["stranger", "follower"]
    block(stranger, blocked=author)
    get(stranger, f"/comments/{comment.pk}/likes", status=404)


# --- Saved and archived -----------------------------------------------------------------------------------------------


def test_saved_posts_and_collections_are_private(author, follower, stranger, share, get):
    first, second = share(author), share(author)
    trees = Collection.objects.create(owner=follower, name="Trees")
    put_in_collection(second, person=follower, collection=trees)
    put_in_collection(first, person=follower, collection=None)

    def ids(reader, path):
        return [one["id"] for one in get(reader, path)["items"]]

    assert ids(follower, "/user/saved") == [str(first.pk), str(second.pk)]
    assert ids(follower, "/collections") == [str(trees.pk)]
    assert ids(follower, f"/collections/{trees.pk}/posts") == [str(second.pk)]
    assert ids(stranger, "/user/saved") == ids(stranger, "/collections") == []
    get(stranger, f"/collections/{trees.pk}/posts", status=404)
    block(author, blocked=follower)
    assert ids(follower, "/user/saved") == ids(follower, f"/collections/{trees.pk}/posts") == []


def test_only_the_owner_sees_the_archive(author, follower, share, get):
    first, second = share(author), share(author)
    for post in (first, second):
        archive_post(post)

    page = get(author, "/user/archive?limit=1")

    assert [(one["id"], one["state"]) for one in page["items"]] == [(str(second.pk), "archived")]
    assert [one["id"] for one in get(author, f"/user/archive?cursor={page['next']}")["items"]] == [str(first.pk)]
    assert get(follower, "/user/archive")["items"] == []
