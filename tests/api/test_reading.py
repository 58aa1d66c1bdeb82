"""What the API tells of people, posts, comments and likes: what their pages do, in other words."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from api_access.actions.tokens import create_token
from posts.actions.archiving import archive_post
from posts.actions.comments import add_comment
from posts.actions.likes import like_comment, like_post
from posts.actions.saves import put_in_collection
from posts.models import Collection, Comment, Media, PersonTag, Post, Save
from social.actions.blocks import block
from social.actions.close_friends import add_close_friend
from social.actions.follows import follow
from social.actions.mutes import mute
from social.actions.privacy import change_privacy
from social.actions.restrictions import restrict
from social.models import Follow, FollowRequest

pytestmark = pytest.mark.django_db


# --- Posts ------------------------------------------------------------------------------------------------------------


def test_a_post_by_number_and_by_shortcode(post, follower, get):
    by_number, by_shortcode = get(follower, f"/posts/{post.pk}"), get(follower, f"/posts/{post.shortcode}")

    assert by_number == by_shortcode
    assert by_number["id"] == str(post.pk)
    assert by_number["url"] == f"http://testserver/p/{post.shortcode}/"
    assert (by_number["caption"], by_number["tags"]) == ("Morning light #sun", ["sun"])
    assert by_number["author"]["username"] == "author"
    assert by_number["created_at"] == f"{post.created_at:%Y-%m-%dT%H:%M:%S}.{post.created_at.microsecond // 1000:03}Z"


def test_a_post_says_what_is_in_its_files(author, stranger, follower, share, get):
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


def test_a_video_says_where_its_films_and_captions_are(post, stranger, get):
    video = {"mp4": "aa/bb/c.mp4", "bytes": 9, "hls": "aa/bb/c/master.m3u8", "files": []}
    Media.objects.update(kind="video", duration_ms=2500, video=video, captions="aa/bb/c.vtt")

    [medium] = get(stranger, f"/posts/{post.pk}")["media"]

    assert medium["video"] == {
        "mp4": f"http://testserver/media/{medium['id']}/aa/bb/c.mp4",
        "hls": f"http://testserver/media/{medium['id']}/aa/bb/c/master.m3u8",
        "captions": f"http://testserver/p/{post.shortcode}/captions/{medium['id']}.vtt",
        "loops": False,
    }


def test_somebody_tagged_whom_the_reader_has_blocked_is_not_there(post, stranger, follower, get):
    PersonTag.objects.create(media=post.media.get(), post=post, person=follower, x=0.5, y=0.5)
    block(stranger, blocked=follower)

    assert get(stranger, f"/posts/{post.pk}")["media"][0]["people"] == []


def test_a_reader_learns_what_they_did_with_a_post(post, follower, stranger, get):
    like_post(post, liker=follower)
    Save.objects.create(post=post, person=follower)

    mine, theirs = get(follower, f"/posts/{post.pk}"), get(stranger, f"/posts/{post.pk}")

    assert (mine["liked"], mine["saved"], mine["like_count"]) == (True, True, 1)
    assert (theirs["liked"], theirs["saved"], theirs["like_count"]) == (False, False, 1)


def test_what_likes_are_hidden_is_told_to_nobody_but_the_author(post, author, follower, get):
    like_post(post, liker=follower)
    Post.objects.update(hide_likes=True)

    assert get(follower, f"/posts/{post.pk}")["like_count"] is None
    get(follower, f"/posts/{post.pk}/likes", status=404)
    assert get(author, f"/posts/{post.pk}")["like_count"] == 1
    assert len(get(author, f"/posts/{post.pk}/likes")["items"]) == 1


def test_whoever_does_not_want_to_know_is_not_told_how_many_like_it(post, follower, get):
    User.objects.filter(pk=follower.pk).update(hide_like_counts=True)

    assert get(follower, f"/posts/{post.pk}")["like_count"] is None


def test_a_post_in_the_archive_is_its_authors_alone(post, author, follower, get):
    archive_post(post)

    assert get(author, f"/posts/{post.pk}")["state"] == "archived"
    get(follower, f"/posts/{post.pk}", status=404)


def test_a_post_that_failed_says_so_to_its_author_without_a_query_more(post, author, get, as_):
    Media.objects.update(state="failed", error="It is broken.")
    Post.objects.update(published_at=None)

    found = get(author, f"/posts/{post.pk}")

    assert (found["state"], found["media"][0]["error"]) == ("failed", "It is broken.")


@pytest.mark.parametrize("ref", ["0", "-1", "9" * 19, "9" * 400, "A" * 12, "%00", "é", "1.5", "none.of.ours"])
def test_what_can_be_no_post_is_not_there(ref, follower, get):
    get(follower, f"/posts/{ref}", status=404)
    get(follower, f"/users/{ref}", status=404)
    get(follower, f"/users/@{ref}", status=404)


# --- Comments and likes -----------------------------------------------------------------------------------------------


def test_comments_are_threads_and_their_replies_apart(post, author, follower, get):
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


def test_who_likes_a_post_comes_with_what_one_is_to_them(post, author, follower, stranger, get):
    for liker in (follower, stranger):
        like_post(post, liker=liker)
    follow(stranger, followee=follower)

    people = get(stranger, f"/posts/{post.pk}/likes")["items"]

    assert [(one["username"], one["standing"]) for one in people] == [("stranger", "self"), ("follower", "following")]


def test_who_likes_a_comment(post, author, follower, stranger, get):
    comment = add_comment(post, author=author, text="first")
    for liker in (follower, stranger):
        like_comment(comment, liker=liker)

    people = get(author, f"/comments/{comment.pk}/likes")["items"]

    assert [one["username"] for one in people] == ["stranger", "follower"]
    block(stranger, blocked=author)
    get(stranger, f"/comments/{comment.pk}/likes", status=404)


# --- Saved and archived -----------------------------------------------------------------------------------------------


def test_saved_posts_and_collections_are_ones_own(author, follower, stranger, share, get):
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


# --- People -----------------------------------------------------------------------------------------------------------


def test_a_profile_says_what_its_page_does(author, follower, stranger, post, get):
    mute(follower, muted=author)
    User.objects.filter(pk=author.pk).update(bio="Light, mostly.", link="https://example.org/")

    person = get(follower, "/users/@author")

    assert (person["post_count"], person["follower_count"], person["following_count"]) == (1, 1, 0)
    assert (person["bio"], person["link"], person["is_open"]) == ("Light, mostly.", "https://example.org/", True)
    assert person["viewer"] == {
        "standing": "following", "follows_you": False, "muted": True, "restricted": False, "close_friend": False,
    }  # fmt: skip
    assert "email" not in person


def test_ones_own_profile_has_what_nobody_else_is_told(author, post, get):
    mine = get(author, "/user/profile/")

    assert (mine["email"], mine["mobile"], mine["viewer"]) == ("author@example.org", None, None)
    assert mine["post_count"] == 1


def test_a_private_account_shows_its_head_alone(author, follower, stranger, post, client, get):
    change_privacy(author, is_private=True)

    for reader, is_open in ((follower, True), (stranger, False)):
        assert get(reader, "/users/@author")["is_open"] is is_open
        for path in ("posts", "posts?tagged=true", "followers", "following"):
            get(reader, f"/users/@author/{path}", status=200 if is_open else 404)
    assert client.get("/api/users/@author/posts").status_code == 404


def test_lists_of_people_go_on_after_their_cursor(author, person, stranger, get):
    names = []
    for _ in range(3):
        somebody = person()
        Follow.objects.create(follower=somebody, followee=author)
        names.append(somebody.username)

    first = get(stranger, "/users/@author/followers?limit=2")
    second = get(stranger, f"/users/@author/followers?limit=2&cursor={first['next']}")

    assert [one["username"] for one in first["items"] + second["items"]] == names[::-1]
    assert second["next"] is None


def test_a_list_names_its_next_page_in_a_header_too(author, share, client):
    for _ in range(3):
        share(author)

    answer = client.get("/api/users/@author/posts?limit=2")

    url, _, relation = answer.headers["Link"].partition(">; ")
    assert relation == 'rel="next"'
    parts = urlsplit(url[1:])
    assert parts.netloc == "testserver"
    assert f"cursor={answer.json()['next']}" in parts.query
    assert len(client.get(f"{parts.path}?{parts.query}").json()["items"]) == 1


@pytest.mark.parametrize("query", ["cursor=x", "cursor=-1", "cursor=0", f"cursor={'9' * 19}", "limit=0", "limit=101"])
def test_what_is_no_cursor_or_no_number_is_refused(query, author, client):
    answer = client.get(f"/api/users/@author/posts?{query}")

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["path"].startswith("query.")


def test_photos_in_which_somebody_is_tagged(post, follower, stranger, get):
    PersonTag.objects.create(media=post.media.get(), post=post, person=follower, x=0.5, y=0.5)

    assert [one["id"] for one in get(stranger, "/users/@follower/posts?tagged=true")["items"]] == [str(post.pk)]
    assert get(stranger, "/users/@follower/posts")["items"] == []


def test_requests_to_oneself_are_ones_own(author, stranger, get):
    change_privacy(author, is_private=True)
    FollowRequest.objects.create(requester=stranger, target=author)

    assert [one["username"] for one in get(author, "/follow-requests")["items"]] == ["stranger"]
    assert get(stranger, "/follow-requests")["items"] == []


OWN_LISTS = {
    "blocked": lambda me, one: block(me, blocked=one),
    "muted": lambda me, one: mute(me, muted=one),
    "restricted": lambda me, one: restrict(me, restricted=one),
    "close-friends": lambda me, one: add_close_friend(me, friend=one),
}


@pytest.mark.parametrize("name", OWN_LISTS)
def test_ones_own_lists_of_people_are_told_to_nobody_else(name, author, person, stranger, get, client):
    listed = [person() for _ in range(3)]
    for one in listed:
        OWN_LISTS[name](author, one)
    OWN_LISTS[name](stranger, author)

    first = get(author, f"/user/{name}?limit=2")
    second = get(author, f"/user/{name}?limit=2&cursor={first['next']}")

    assert [one["username"] for one in first["items"] + second["items"]] == [one.username for one in listed[::-1]]
    assert second["next"] is None
    assert [get(author, f"/user/{other}")["items"] for other in OWN_LISTS if other != name] == [[], [], []]
    assert get(listed[0], f"/user/{name}")["items"] == []
    assert client.get(f"/api/user/{name}").status_code == 401


@pytest.mark.parametrize("name", OWN_LISTS)
def test_a_list_does_not_show_who_is_suspended(name, author, follower, get):
    OWN_LISTS[name](author, follower)
    User.objects.filter(pk=follower.pk).update(suspended_at=timezone.now())

    assert get(author, f"/user/{name}")["items"] == []


def test_privacy_settings_are_read_and_changed_one_by_one(author, get, as_):
    assert get(author, "/user/privacy") == {"is_private": False, "who_may_tag": "everyone", "hide_like_counts": False}
    as_(author).post("/api/user/privacy", {"who_may_tag": "nobody"}, "application/json")
    answer = as_(author).post("/api/user/privacy", {"is_private": True}, "application/json")

    expected = {"is_private": True, "who_may_tag": "nobody", "hide_like_counts": False}
    assert answer.json() == get(author, "/user/privacy") == expected


# --- One's own --------------------------------------------------------------------------------------------------------


def test_ones_home_is_ones_own(author, follower, post, get, client):
    for ref in (follower.pk, "@follower", "@Follower"):
        assert [one["id"] for one in get(follower, f"/feed/{ref}")["items"]] == [str(post.pk)]

    answers = [get(follower, f"/feed/{ref}", status=403) for ref in (author.pk, "@author", 1, "@nobody", "x")]
    assert all(answer == answers[0] for answer in answers)
    assert answers[0]["code"] == "not-yours"
    assert client.get(f"/api/feed/{follower.pk}").status_code == 401


def test_home_goes_on_after_its_cursor(author, follower, share, get):
    ids = [str(share(author).pk) for _ in range(3)]

    first = get(follower, "/feed/@follower?limit=2")
    second = get(follower, f"/feed/@follower?limit=2&cursor={first['next']}")

    assert [one["id"] for one in first["items"] + second["items"]] == ids[::-1]


def test_what_happened_to_one(author, follower, post, tasks_run, get):
    with tasks_run():
        like_post(post, liker=follower)
        add_comment(post, author=follower, text="lovely")

    comment, like, *_ = get(author, "/notifications")["items"]

    assert (comment["kind"], comment["text"], comment["unread"]) == ("comment", "lovely", True)
    assert comment["url"].startswith(f"http://testserver/p/{post.shortcode}/comments/")
    assert (like["kind"], like["post_id"], like["comment_id"]) == ("like", str(post.pk), None)
    assert [one["username"] for one in like["people"]] == ["follower"]


# --- Cost -------------------------------------------------------------------------------------------------------------


def filled(share, author, follower, *, photos):
    post = share(author, photos=photos)
    for medium in post.media.all():
        PersonTag.objects.create(media=medium, post=post, person=follower, x=0.5, y=0.5)
    return post


@pytest.fixture(params=["session", "token"])
def signed_in(request, as_):
    """`signed_in(person)`: a client whose session costs two queries, or whose token costs one, and one a minute."""

    def sign_in(person):
        if request.param == "session":
            return as_(person)
        _, secret = create_token(person, name="mine", may_write=False, days=1)
        return Client(headers={"Authorization": f"Bearer {secret}"})

    return sign_in


@pytest.mark.parametrize("photos", [2, 20])
def test_a_post_costs_three_queries_with_those_for_who_asks(photos, author, follower, stranger, share, signed_in):
    post, browser = filled(share, author, follower, photos=photos), signed_in(stranger)

    with CaptureQueriesContext(connection) as asked:
        answer = browser.get(f"/api/posts/{post.pk}")

    assert len(answer.json()["media"]) == photos
    assert len(asked) <= 3, [one["sql"][:200] for one in asked]


@pytest.mark.parametrize("posts", [2, 20])
def test_a_page_of_home_costs_five_queries_with_those_for_who_asks(posts, author, follower, share, signed_in):
    for _ in range(posts):
        filled(share, author, follower, photos=2)
    browser = signed_in(follower)
    browser.get("/api/feed/@follower")  # Makes the timeline.

    with CaptureQueriesContext(connection) as asked:
        answer = browser.get("/api/feed/@follower")

    assert len(answer.json()["items"]) == posts
    assert len(asked) <= 4, [one["sql"][:200] for one in asked]


LISTS = ["users/@author/posts", "users/@author/followers", "users/@author/following", "posts/{post}/comments"]
LISTS += ["posts/{post}/likes", "follow-requests", "notifications"]
LISTS += ["comments/{comment}/likes", "user/archive", "user/saved", "collections", "collections/{collection}/posts"]
LISTS += ["user/blocked", "user/muted", "user/restricted", "user/close-friends"]


@pytest.mark.parametrize("path", LISTS)
def test_a_list_costs_the_same_whatever_its_size(path, author, person, share, as_, tasks_run):
    browser, costs, post = as_(author), [], share(author)
    comment = add_comment(share(author), author=author, text="first")
    collection = Collection.objects.create(owner=author, name="Trees")
    User.objects.filter(pk=author.pk).update(is_private=True)
    for size in (2, 8):
        with tasks_run():
            while Comment.objects.filter(post=post).count() < size:
                somebody = person()
                Follow.objects.create(follower=somebody, followee=author)
                Follow.objects.create(follower=author, followee=somebody)
                FollowRequest.objects.create(requester=person(), target=author)
                for add in OWN_LISTS.values():
                    add(author, person())
                like_post(post, liker=somebody)
                add_comment(post, author=somebody, text="lovely")
                like_comment(comment, liker=somebody)
                put_in_collection(share(author), person=author, collection=collection)
                archive_post(share(author))
                Collection.objects.create(owner=author, name=somebody.username)
        with CaptureQueriesContext(connection) as asked:
            items = browser.get(
                f"/api/{path.format(post=post.pk, comment=comment.pk, collection=collection.pk)}"
            ).json()["items"]
        costs.append(len(asked))
        # Likes of one post are one notification.
        assert len(items) >= size
    assert costs[0] == costs[1] <= 9
