"""Tagging people in photos. A tag is visible to viewers who may see both the post and the person."""

from functools import partial

import pytest
from django.db import IntegrityError, transaction

from accounts.actions.moderation import suspend_person
from accounts.models import User
from common.refusals import Refusal
from posts.actions.comments import add_comment
from posts.actions.publishing import notify_named_people
from posts.actions.tags import remove_tag, tag_person
from posts.events import PersonTagged
from posts.models import Mention, PersonTag
from social.actions.blocks import block, unblock
from social.actions.follows import follow, unfollow
from social.actions.privacy import change_privacy
from tests.concurrency import run_concurrently
from tests.conftest import HTMX
from tests.markup import one_line


@pytest.fixture
def told(monkeypatch):
    """Usernames of the people in emitted PersonTagged events."""
    names = []

    def emit(event):
        assert isinstance(event, PersonTagged)
        names.append(PersonTag.objects.get(pk=event.tag_id).person.username)

    monkeypatch.setattr("posts.actions.tags.emit", emit)
    return names


@pytest.fixture
def anna(person):
    return person("anna")


@pytest.fixture
def photo_of(post):
    return post.media.get()


def tag(medium, name, x=0.25, y=0.5):
    return tag_person(medium, username=name, x=x, y=y)


def press(browser, post, medium, **typed):
    fields = {"username": "anna", "x": "25", "y": "50.5"} | typed
    headers = HTMX if fields.pop("htmx", False) else {}
    return browser.post(f"{post.get_absolute_url()}people/{medium.pk}/tag/", fields, headers=headers)


def has_button(browser, post):
    """Return True if the page or card of the post offers the people in the photo."""
    return "data-photo-people" in browser.get(post.get_absolute_url()).text


def tagged_tab(browser, name="anna"):
    return browser.get(f"/{name}/tagged/")


def test_a_tagged_person_is_notified_and_shown(signed_in, client, author, anna, post, photo_of, told):
    answer = press(signed_in(author), post, photo_of, username="@Anna", htmx=True)

    assert answer.status_code == 200
    assert ">anna</a>" in answer.text
    row = PersonTag.objects.get()
    assert (row.person, row.x, row.y) == (anna, 0.25, 0.505)
    assert told == ["anna"]
    page = client.get(post.get_absolute_url()).text
    assert 'href="/anna/" data-x="25.0" data-y="50.5"' in one_line(page)
    assert f'data-post="{post.shortcode}"' in tagged_tab(client).text
    names = client.get(f"{post.get_absolute_url()}people/{photo_of.pk}/", headers=HTMX)
    assert 'href="/anna/"' in names.text

    press(signed_in(author), post, photo_of, x="100", y="0")
    row.refresh_from_db()
    assert (row.x, row.y, told) == (1.0, 0.0, ["anna"])


def test_tags_are_notified_when_the_post_is_published(author, anna, post, photo_of, told):
    tag(photo_of, "anna")
    tag(photo_of, "author")
    told.clear()
    notify_named_people(post)

    assert told == ["anna"]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"username": ""}, "Enter a username."),
        ({"username": "nobody.here"}, "We couldn’t find “nobody.here”."),
        ({"x": "101"}, "from 0 to 100"),
        ({"y": "nan"}, "from 0 to 100"),
        ({"y": "here"}, "from 0 to 100"),
    ],
)
@pytest.mark.parametrize("htmx", [True, False])
def test_a_refused_tag_is_explained_and_the_form_kept(typed, said, htmx, signed_in, author, anna, post, photo_of):
    answer = press(signed_in(author), post, photo_of, htmx=htmx, **typed)

    assert answer.status_code == 422
    assert said in answer.text
    for text in ({"username": "anna", "x": "25", "y": "50.5"} | typed).values():
        assert f'value="{text}"' in answer.text
    assert not PersonTag.objects.exists()


@pytest.mark.promise("A10")
def test_only_the_author_tags_people(signed_in, anna, stranger, post, photo_of):
    assert press(signed_in(stranger), post, photo_of).status_code == 404
    assert press(signed_in(anna), post, photo_of).status_code == 404
    assert not PersonTag.objects.exists()


@pytest.mark.promise("A7")
def test_people_who_may_not_see_the_post_cannot_be_tagged(author, follower, anna, photo_of, person):
    change_privacy(author, is_private=True)
    with pytest.raises(Refusal, match="can’t see this post"):
        tag(photo_of, "anna")
    tag(photo_of, "follower")

    block(person("blocker"), blocked=author)
    block(author, blocked=person("blocked"))
    suspend_person(person("gone"), reason="spam")
    for name in ("blocker", "blocked", "gone"):
        with pytest.raises(Refusal, match="couldn’t find"):
            tag(photo_of, name)


def test_the_action_respects_who_may_tag(signed_in, author, anna, photo_of):
    browser = signed_in(anna)

    def choose(choice):
        return browser.post("/accounts/privacy/tags/", {"who_may_tag": choice})

    assert choose("nobody").status_code == 302
    with pytest.raises(Refusal, match="doesn’t allow you to tag"):
        tag(photo_of, "anna")
    choose("following")
    with pytest.raises(Refusal, match="doesn’t allow you to tag"):
        tag(photo_of, "anna")
    follow(anna, followee=author)
    tag(photo_of, "anna")
    assert 'value="following" checked' in browser.get("/accounts/privacy/").text
    assert choose("friends").status_code == 422


def test_the_limit_of_tags_per_photo_is_reported(author, anna, stranger, photo_of, person, monkeypatch):
    monkeypatch.setattr("posts.actions.tags.MAX_PEOPLE_TAGS", 2)
    tag(photo_of, "anna")
    tag(photo_of, "stranger")
    tag(photo_of, "anna", x=1)

    person("third")
    with pytest.raises(Refusal, match="2 people, which is the limit"):
        tag(photo_of, "third")


def test_people_remove_their_tags_permanently_and_authors_any_tag(signed_in, author, anna, stranger, post, photo_of):
    of_anna, of_stranger = tag(photo_of, "anna"), tag(photo_of, "stranger")

    def remove(user, row):
        return signed_in(user).post(f"{post.get_absolute_url()}people/tags/{row.pk}/remove/")

    assert remove(stranger, of_anna).status_code == 404
    assert remove(anna, of_anna).status_code == 302
    assert f'data-post="{post.shortcode}"' not in tagged_tab(signed_in(author)).text
    assert "/anna/" not in signed_in(author).get(f"{post.get_absolute_url()}edit/").text
    with pytest.raises(Refusal, match="removed themselves"):
        tag(photo_of, "anna")

    assert remove(author, of_stranger).status_code == 302
    assert tag(photo_of, "stranger")
    assert not remove_tag(of_anna, remover=anna)


@pytest.mark.promise("A7")
def test_tags_are_visible_to_viewers_of_the_post_and_the_person(
    signed_in, client, author, anna, follower, stranger, post, photo_of
):
    tag(photo_of, "anna")
    for browser in (client, signed_in(stranger), signed_in(anna), signed_in(author)):
        assert has_button(browser, post)

    # The stranger and the person.
    block(stranger, blocked=anna)
    assert not has_button(signed_in(stranger), post)
    assert tagged_tab(signed_in(stranger)).status_code == 200, "the way back of who blocks"
    assert "data-post" not in tagged_tab(signed_in(stranger)).text
    unblock(stranger, blocked=anna)
    block(anna, blocked=stranger)
    assert not has_button(signed_in(stranger), post)
    assert tagged_tab(signed_in(stranger)).status_code == 404
    unblock(anna, blocked=stranger)

    # The post.
    change_privacy(author, is_private=True)
    assert has_button(signed_in(follower), post)
    assert "data-post" in tagged_tab(signed_in(follower)).text
    for browser in (client, signed_in(stranger), signed_in(anna)):
        assert "data-post" not in tagged_tab(browser).text
        assert browser.get(f"{post.get_absolute_url()}people/{photo_of.pk}/", headers=HTMX).status_code == 404
    change_privacy(author, is_private=False)

    # A private person: the tab is inside the account.
    change_privacy(anna, is_private=True)
    assert "data-post" not in tagged_tab(signed_in(stranger)).text
    assert "This account is private" in tagged_tab(signed_in(stranger)).text
    assert "data-post" in tagged_tab(signed_in(anna)).text
    change_privacy(anna, is_private=False)

    # A block between the author and the person hides the tag from everyone until it is removed.
    for one, other in ((author, anna), (anna, author)):
        block(one, blocked=other)
        for browser in (client, signed_in(stranger), signed_in(author)):
            assert not has_button(browser, post)
        assert "data-post" not in tagged_tab(client).text
        unblock(one, blocked=other)
    assert has_button(client, post)
    suspend_person(anna, reason="spam")
    assert not has_button(client, post)


def test_close_friends_and_archived_posts_stay_where_they_are(signed_in, client, author, anna, person, post, photo_of):
    from posts.actions.archiving import archive_post
    from posts.models import Post
    from social.actions.close_friends import add_close_friend

    add_close_friend(author, friend=anna)
    Post.objects.filter(pk=post.pk).update(audience="close_friends")
    tag(photo_of, "anna")
    with pytest.raises(Refusal, match="can’t see"):
        tag(photo_of, person("other").username)

    assert "data-post" in tagged_tab(signed_in(anna)).text
    assert "data-post" not in tagged_tab(client).text
    archive_post(post)
    assert "data-post" not in tagged_tab(signed_in(anna)).text


@pytest.mark.promise("O7")
@pytest.mark.parametrize("size", [2, 20])
def test_the_tagged_tab_costs_the_same_queries_whatever_its_size(
    size, signed_in, author, anna, stranger, share, django_assert_num_queries
):
    for _ in range(size):
        post = share(author, photos=2)
        for medium in post.media.all():
            tag(medium, "anna")
    browser = signed_in(stranger)
    tagged_tab(browser)

    # The session, the person, the tags, the posts.
    with django_assert_num_queries(4):
        answer = tagged_tab(browser)
    assert len(answer.context["page"]) == size
    # The queries of a post without tags, and one for all tags.
    with django_assert_num_queries(7):
        browser.get(post.get_absolute_url())


def test_the_tagged_tab_pages_by_cursor_and_knows_its_name_in_any_case(client, author, anna, share):
    posts = [share(author) for _ in range(26)]
    for post in posts:
        tag(post.media.get(), "anna")

    page = tagged_tab(client)
    rest = client.get(page.context["page"].next_url, headers=HTMX)
    shown = [one.pk for answer in (page, rest) for one in answer.context["page"]]
    assert shown == [post.pk for post in reversed(posts)]
    assert client.get("/ANNA/tagged/")["Location"] == "/anna/tagged/"


@pytest.mark.promise("A7")
@pytest.mark.django_db(transaction=True)
def test_a_block_wins_over_a_concurrent_tag(author, anna, post, photo_of):
    for one, other in ((author, anna), (anna, author)) * 3:
        run_concurrently(partial(tag, photo_of, "anna"), partial(block, one, blocked=other), ignoring=Refusal)

        assert not PersonTag.objects.shown().exists()
        PersonTag.objects.all().delete()
        unblock(one, blocked=other)


@pytest.mark.promise("A7")
@pytest.mark.django_db(transaction=True)
def test_a_block_wins_over_a_concurrent_mention_without_deadlock(author, anna, stranger, post):
    for blocked in (stranger, author) * 3:
        run_concurrently(
            partial(add_comment, post, author=stranger, text="@anna"),
            partial(block, anna, blocked=blocked),
            partial(add_comment, post, author=author, text="@stranger @anna"),
            ignoring=Refusal,
        )

        count = Mention.objects.filter(person=anna).count()
        add_comment(post, author=blocked, text="@anna")
        assert Mention.objects.filter(person=anna).count() == count
        unblock(anna, blocked=blocked)


def test_the_database_refuses_a_tag_and_a_mention_beside_a_block(author, anna, post, photo_of):
    block(anna, blocked=author)
    anna = User.objects.get(pk=anna.pk)
    rows = (PersonTag(media=photo_of, post=post, person=anna, x=0, y=0), Mention(post=post, person=anna))
    for row in rows:
        with pytest.raises(IntegrityError), transaction.atomic():
            row.save(force_insert=True)
    unfollow(anna, followee=author)
