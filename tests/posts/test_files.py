"""URLs of photos and videos return files only to people who may see the post at the time of the request."""

from urllib.parse import unquote

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.urls import reverse

from accounts.actions.moderation import suspend_person
from accounts.models import User
from media.storage import new_folder, new_key
from personal_data.actions.deactivation import deactivate
from posts.actions.archiving import archive_post
from posts.actions.editing import delete_post
from posts.actions.moderation import remove_post
from posts.models import Media, Post
from social.actions.blocks import block
from social.actions.close_friends import add_close_friend, remove_close_friend
from social.actions.follows import remove_follower, unfollow
from social.actions.privacy import change_privacy
from tests.stores import keys_in

pytestmark = pytest.mark.django_db


def fill(medium):
    """Give it files of every kind; return their addresses, those of the renditions also in their short form."""
    hls = new_folder(["all.m3u8", "large.m3u8", "large-init.mp4", "large-000.m4s"])
    medium.renditions = [{"width": 320, "height": 240, "webp": new_key(".webp"), "jpeg": new_key(".jpg")}]
    medium.video = {"mp4": new_key(".mp4"), "bytes": 4, "hls": hls[0], "files": hls}
    medium.captions = new_key(".vtt")
    medium.save()
    for key in medium.keys:
        storages["default"].save(key, ContentFile(f"bytes of {key}".encode()))
    return [medium.url_of(key) for key in medium.keys] + [medium.short_url_of(key) for key in medium.made_keys[:2]]


@pytest.fixture
def urls(post):
    return fill(post.media.get())


def statuses(browser, urls):
    return {browser.get(url).status_code for url in urls}


def test_files_of_public_posts_are_public_and_briefly_cacheable(client, urls, django_assert_num_queries):
    with django_assert_num_queries(1):
        answer = client.get(urls[0])

    assert b"".join(answer.streaming_content) == f"bytes of {urls[0].split('/', 3)[3]}".encode()
    assert answer["Cache-Control"] == "public, max-age=86400, s-maxage=10"
    assert "Vary" not in answer
    assert not answer.cookies
    assert statuses(client, urls) == {200}


def test_a_session_needs_no_more_queries(signed_in, stranger, urls, django_assert_num_queries):
    browser = signed_in(stranger)

    with django_assert_num_queries(1):
        assert browser.get(urls[0]).status_code == 200


@pytest.mark.promise("A14")
def test_restricted_files_are_not_cached_publicly(signed_in, author, follower, urls, django_assert_num_queries):
    change_privacy(author, is_private=True)
    browser = signed_in(follower)

    with django_assert_num_queries(3):  # The public post, the session, the viewer's permission.
        answer = browser.get(urls[0])

    assert answer.status_code == 200
    assert answer["Cache-Control"] == "private, max-age=50"
    assert answer["Vary"] == "Authorization, Cookie"


def test_the_url_on_a_page_serves_the_file(urls, post):
    medium = post.media.get()

    addresses = {reverse("posts:file", kwargs={"media_id": medium.pk, "key": key}) for key in medium.keys}

    short = set(urls) - addresses
    assert len(short) == 2
    assert {source["src"] for source in medium.video_sources} <= addresses
    assert medium.preview in addresses
    assert {medium.src, medium.thumb} == short


HIDING = {
    "unfollowed": lambda author, reader, post: unfollow(reader, followee=author),
    "removed as a follower": lambda author, reader, post: remove_follower(author, follower=reader),
    "blocked": lambda author, reader, post: block(author, blocked=reader),
    "blocks": lambda author, reader, post: block(reader, blocked=author),
    "archived": lambda author, reader, post: archive_post(post),
    "deleted": lambda author, reader, post: delete_post(post),
    "removed by a moderator": lambda author, reader, post: remove_post(post, reason="why"),
    "author suspended": lambda author, reader, post: suspend_person(author, reason="why"),
    "author deactivated": lambda author, reader, post: deactivate(author),
    "for close friends": lambda author, reader, post: Post.objects.filter(pk=post.pk).update(audience="close_friends"),
}


@pytest.mark.promise("A4")
@pytest.mark.parametrize("how", HIDING)
def test_a_follower_cannot_use_the_old_url_once_the_file_is_hidden(how, signed_in, author, follower, post, urls):
    change_privacy(author, is_private=True)
    browser = signed_in(follower)
    assert statuses(browser, urls) == {200}

    HIDING[how](author, User.objects.get(pk=follower.pk), post)

    assert statuses(browser, urls) == {404}


@pytest.mark.promise("A4")
@pytest.mark.parametrize(
    "how",
    ["archived", "deleted", "removed by a moderator", "author suspended", "author deactivated", "for close friends"],
)
def test_the_old_url_of_a_formerly_public_file_is_closed(how, client, signed_in, author, follower, post, urls):
    assert statuses(client, urls) == {200}

    HIDING[how](author, User.objects.get(pk=follower.pk), post)

    assert statuses(client, urls) == statuses(signed_in(follower), urls) == {404}


@pytest.mark.promise("A4")
def test_going_private_leaves_the_followers(client, signed_in, author, follower, stranger, urls):
    assert statuses(client, urls) == {200}

    change_privacy(author, is_private=True)

    assert statuses(client, urls) == statuses(signed_in(stranger), urls) == {404}
    assert statuses(signed_in(follower), urls) == {200}


@pytest.mark.promise("A4")
@pytest.mark.parametrize("how", ["blocked", "blocks"])
def test_a_block_closes_the_files_of_public_posts_too(how, client, signed_in, author, stranger, follower, post, urls):
    HIDING[how](author, stranger, post)

    assert statuses(signed_in(stranger), urls) == {404}
    assert statuses(client, urls) == statuses(signed_in(follower), urls) == {200}
    assert client.get(urls[0])["Vary"] == "Authorization, Cookie"


@pytest.mark.promise("A4")
def test_former_close_friends_cannot_load_the_files(client, signed_in, author, follower, post, urls):
    add_close_friend(author, friend=follower)
    HIDING["for close friends"](author, follower, post)
    browser = signed_in(follower)
    assert statuses(browser, urls) == {200}
    assert statuses(client, urls) == {404}

    remove_close_friend(author, friend=follower)

    assert statuses(browser, urls) == {404}


@pytest.mark.promise("A4", "P3")
def test_no_file_of_a_deleted_post_is_left(post, urls, tasks_run):
    assert keys_in("default")

    with tasks_run():
        delete_post(post)

    assert not keys_in("default")


@pytest.mark.parametrize("how", ["archived", "removed by a moderator"])
def test_the_author_and_moderators_load_files_hidden_from_others(how, signed_in, author, follower, person, post, urls):
    moderator, helper = person("moderator"), person("helper")
    User.objects.filter(pk__in=[moderator.pk, helper.pk]).update(is_staff=True)
    User.objects.filter(pk=moderator.pk).update(is_superuser=True)
    HIDING[how](author, follower, post)

    assert statuses(signed_in(author), urls) == statuses(signed_in(moderator), urls) == {200}
    assert statuses(signed_in(helper), urls) == {404}

    HIDING["deleted"](author, follower, post)
    assert statuses(signed_in(author), urls) == statuses(signed_in(moderator), urls) == {404}


def test_a_file_that_is_not_shared_yet_is_its_owners(client, signed_in, author, stranger):
    urls = fill(Media.objects.create(owner_id=author.pk, original="aa/bb/c.jpg", width=320, height=240))

    assert statuses(signed_in(author), urls) == {200}
    assert statuses(client, urls) == statuses(signed_in(stranger), urls) == {404}


@pytest.mark.promise("A5")
def test_a_modified_url_finds_no_file(client, post, urls, share, author):
    other = share(author).media.get()
    _, _, number, key = urls[0].split("/", 3)
    changed = {key[:at] + sign + key[at + 1 :] for at in range(len(key)) for sign in ("0", "z", ".", "%2e", "")}
    changed |= {f"../{number}/{key}", f"..%2f{number}%2f{key}", f"./{key}", f"/{key}", key.upper(), f"{key}%00"}
    changed |= {f"{key}/", f"{key}.webp", f"{key}%20", key.replace("/", "\\"), key.replace("/", "//")}
    # Escaped, it is the same address.
    addresses = {f"/media/{number}/{one}" for one in changed if unquote(one) != key}
    numbers = {number[:at] + sign + number[at + 1 :] for at in range(len(number)) for sign in ("0", "1", "-", "x", "")}
    addresses |= {f"/media/{one}/{key}" for one in numbers | {str(other.pk), "", "people"} if one != number}
    addresses |= {f"/media/people/{author.pk}/{key}", f"/media/{key}", f"/media/people/{number}/{key}"}

    assert client.get(urls[0]).status_code == 200
    assert {url for url in addresses if client.get(url).status_code == 200} == set()


@pytest.mark.promise("A3")
def test_a_key_works_only_together_with_its_medium(client, signed_in, author, follower, stranger, post, urls, share):
    """A person who knows the key of a private photo cannot request it as a file of a post that they may see."""
    change_privacy(author, is_private=True)
    own = share(stranger).media.get()
    browser = signed_in(stranger)

    for url in urls:
        assert browser.get(own.url_of(url.split("/", 3)[3])).status_code == 404
    assert statuses(browser, urls) == {404}


def test_the_avatar_of_a_suspended_person_is_not_found(client, author, urls):
    key = new_key(".webp")
    storages["default"].save(key, ContentFile(b"face"))
    User.objects.filter(pk=author.pk).update(
        avatar={"320": {"webp": key, "jpeg": key}, "96": {"webp": key, "jpeg": key}}
    )
    author.refresh_from_db()
    assert client.get(author.avatar_url).status_code == 200
    assert client.get(author.avatar_url.replace(key, new_key(".webp"))).status_code == 404

    suspend_person(author, reason="why")

    assert client.get(author.avatar_url).status_code == 404
