"""Mentions in captions and comments, their notifications and their removal."""

import re

import pytest

from accounts.actions.moderation import suspend_person
from accounts.models import User
from posts.actions.comments import add_comment, approve_comment
from posts.actions.editing import edit_post
from posts.actions.publishing import publish_if_ready
from posts.actions.requests import EditRequest
from posts.actions.sharing import create_post
from posts.events import PersonMentioned
from posts.models import Mention, Post
from posts.models.media import MediaState
from posts.queries import can_see_q
from social.actions.blocks import block
from social.actions.close_friends import add_close_friend
from social.actions.follows import follow
from social.actions.privacy import change_privacy
from social.actions.restrictions import restrict
from tests.conftest import HTMX


@pytest.fixture
def told(monkeypatch):
    """Usernames of the people in emitted PersonMentioned events."""
    names = []

    def emit(event):
        if isinstance(event, PersonMentioned):
            names.append(Mention.objects.get(pk=event.mention_id).person.username)

    monkeypatch.setattr("posts.actions.mentions.emit", emit)
    return names


@pytest.fixture
def anna(person):
    return person("anna")


@pytest.fixture
def ben(person):
    return person("ben")


def mentioned(**of):
    return sorted(Mention.objects.filter(**of).values_list("person__username", flat=True))


def edit(post, caption, audience=""):
    post.refresh_from_db()
    slides = [(medium.pk, medium.alt) for medium in post.media.order_by("position")]
    audience = audience or post.audience
    edit_post(post, EditRequest(post.version, caption, location="", audience=audience, slides=slides))


def test_a_caption_mentions_each_name_once_ignoring_case_and_the_author(author, anna, ben, share, told):
    post = share(author, caption="@Anna, @ANNA, @ben @author @nobody.here anna@example.org")

    assert mentioned(post=post, comment=None) == sorted(told) == ["anna", "ben"]


def test_mentions_are_notified_when_the_post_is_published(author, anna, photo, told):
    from posts.actions.media import Upload

    post = create_post(author=author, uploads=[Upload(photo())], caption="@anna")
    assert (mentioned(), told) == (["anna"], [])

    post.media.update(state=MediaState.READY)
    publish_if_ready(post.pk)
    publish_if_ready(post.pk)
    assert told == ["anna"]


def test_an_edited_caption_notifies_only_newly_mentioned_people(author, anna, ben, person, share, told):
    person("carol")
    post = share(author, caption="@anna @ben")
    told.clear()

    edit(post, "@ben @carol")

    assert mentioned() == ["ben", "carol"]
    assert told == ["carol"]


def test_a_wider_audience_adds_mentions(author, anna, ben, share, told):
    add_close_friend(author, friend=anna)
    post = share(author, caption="@anna @ben")
    told.clear()

    edit(post, post.caption, "close_friends")
    assert mentioned() == ["anna"]
    edit(post, post.caption, "everyone")
    assert (mentioned(), told) == (["anna", "ben"], ["ben"])


@pytest.mark.parametrize("kind", ["caption", "comment"])
def test_more_names_than_the_limit_are_not_mentions(kind, author, person, share, monkeypatch, stranger):
    monkeypatch.setattr("posts.actions.mentions.MAX_MENTIONS", 3)
    names = [person(f"guest{number}").username for number in range(5)]
    text = " ".join(f"@{name}" for name in names)
    post = share(author, caption=text if kind == "caption" else "")
    if kind == "comment":
        add_comment(post, author=stranger, text=text)

    assert mentioned() == names[:3]


def test_a_comment_mentions_people_who_see_it_and_is_deleted_with_its_mentions(post, anna, ben, stranger, told):
    block(ben, blocked=stranger)
    comment = add_comment(post, author=stranger, text="@anna @ben @author @stranger")

    assert mentioned(comment=comment) == sorted(told) == ["anna", "author"]
    comment.delete()
    assert mentioned() == []


def test_a_comment_that_waits_mentions_nobody_until_it_is_approved(author, post, anna, stranger, told):
    restrict(author, restricted=stranger)
    comment = add_comment(post, author=stranger, text="@anna")
    assert (mentioned(), told) == ([], [])

    approve_comment(comment)
    assert told == ["anna"]


@pytest.mark.promise("A7")
def test_people_who_may_not_see_a_post_are_not_mentioned(author, person, share, told):
    """Mention only people who may see the post, and check that `can_see_q` matches exactly these people."""
    for name in ("fan", "close", "outsider", "blocker", "blocked", "gone"):
        person(name)
    cast = {one.username: one for one in User.objects.all()}
    for name in ("fan", "close", "gone"):
        follow(cast[name], followee=author)
    add_close_friend(author, friend=cast["close"])
    block(cast["blocker"], blocked=author)
    block(author, blocked=cast["blocked"])
    suspend_person(cast["gone"], reason="spam")
    caption = " ".join(f"@{name}" for name in cast)

    for is_private, audience, expected in (
        (False, "everyone", ["close", "fan", "outsider"]),
        (True, "everyone", ["close", "fan"]),
        (False, "close_friends", ["close"]),
        (True, "close_friends", ["close"]),
    ):
        change_privacy(author, is_private=is_private)
        post = share(author)
        Post.objects.filter(pk=post.pk).update(audience=audience)
        edit(post, caption)
        post = Post.objects.get(pk=post.pk)
        assert mentioned(post=post) == expected
        seeing = {one.pk for one in User.objects.active() if Post.objects.visible_to(one).filter(pk=post.pk).exists()}
        assert set(User.objects.filter(can_see_q(post)).values_list("pk", flat=True)) == seeing


@pytest.mark.parametrize(("choice", "follows", "hears"), [("everyone", False, True), ("following", False, False)])
def test_people_who_decline_notifications_are_mentioned_silently(choice, follows, hears, author, anna, share, told):
    User.objects.filter(pk=anna.pk).update(who_may_tag=choice)
    share(author, caption="@anna")

    assert mentioned() == ["anna"]
    assert told == (["anna"] if hears else [])


def test_people_remove_themselves_from_a_caption_permanently(signed_in, author, anna, ben, share, told):
    post = share(author, caption="With @Anna and @ben")
    browser = signed_in(anna)
    url = f"{post.get_absolute_url()}unmention/"
    menu = f"{post.get_absolute_url()}menu/"
    assert f'formaction="{url}"' in browser.get(menu).text
    assert f'formaction="{url}"' not in signed_in(author).get(menu).text

    assert browser.post(url).status_code == 302
    assert browser.post(url).status_code == 302

    page = signed_in(author).get(post.get_absolute_url()).text
    assert "With @Anna and" in page
    assert '<a href="/ben/">@ben</a>' in page
    assert Mention.objects.get(person=anna).removed_at is not None
    assert f'formaction="{url}"' not in browser.get(menu).text
    told.clear()
    edit(post, "Without them")
    edit(post, "@anna again, and @ben")
    assert told == ["ben"]
    assert "@anna again" in signed_in(author).get(post.get_absolute_url()).text


def test_people_remove_themselves_from_a_comment(signed_in, post, anna, ben, stranger):
    comment = add_comment(post, author=stranger, text="@anna @ben")
    url = f"{post.get_absolute_url()}comments/{comment.pk}/unmention/"
    assert f'action="{url}"' in signed_in(anna).get(post.get_absolute_url()).text

    answer = signed_in(anna).post(url, headers=HTMX)

    assert 'href="/anna/"' not in answer.text
    assert 'href="/ben/"' in answer.text
    assert signed_in(stranger).post(url).status_code == 404, "nobody named them there"
    assert Mention.objects.get(person=ben).removed_at is None


def links_in(html):
    return re.findall(r'<a href="/([a-z0-9._]+)/">@', html)


def test_only_names_of_people_whom_the_viewer_may_see_are_links(signed_in, client, author, anna, ben, person, share):
    gone = person("gone")
    text = "@anna @Ben, @nobody.here @gone. @anna"
    post = share(author, caption=text)
    comment = add_comment(post, author=author, text=text)
    author.bio = text
    author.save(update_fields=["bio"])
    suspend_person(gone, reason="spam")
    block(ben, blocked=anna)

    for browser, names in (
        (client, ["anna", "ben", "anna"]),
        (signed_in(anna), ["anna", "anna"]),
        (signed_in(ben), ["ben"]),
    ):
        caption = browser.get("/author/").text
        page = browser.get(post.get_absolute_url()).text
        assert links_in(caption) == names
        assert links_in(page) == names * 2
        assert "@nobody.here" in page
    assert links_in(signed_in(author).get(comment.url, headers=HTMX).text) == ["anna", "ben", "anna"]


def test_a_new_comment_links_only_existing_people(signed_in, anna, post):
    answer = signed_in(anna).post(
        f"{post.get_absolute_url()}comment/", {"text": "@author and @nobody.here"}, headers=HTMX
    )

    assert links_in(answer.text) == ["author"]
