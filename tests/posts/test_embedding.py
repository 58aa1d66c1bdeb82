"""A post in pages of others: what everybody may see, without a session, and nothing else."""

import re
from urllib.parse import urlencode

import pytest
from django.utils import timezone

from posts.models import Post
from social.actions.blocks import block
from social.actions.privacy import change_privacy

HOST = "http://testserver"


def oembed(client, post, **query):
    return client.get(f"/oembed?{urlencode({'url': HOST + post.get_absolute_url()} | query)}")


def test_any_site_may_frame_the_embed_of_a_public_post(client, post):
    answer = client.get(f"{post.get_absolute_url()}embed/")

    assert answer.status_code == 200
    assert "X-Frame-Options" not in answer
    assert "frame-ancestors" not in answer["Content-Security-Policy"]
    assert "script-src 'self'" in answer["Content-Security-Policy"]
    assert "Morning light" in answer.text
    assert "<script" not in answer.text


def test_no_other_page_can_be_framed(client, post):
    answer = client.get(post.get_absolute_url())

    assert answer["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in answer["Content-Security-Policy"]


def hide_by_privacy(post):
    change_privacy(post.author, is_private=True)


def hide_for_close_friends(post):
    Post.objects.filter(pk=post.pk).update(audience="close_friends")


def hide_in_the_archive(post):
    Post.objects.filter(pk=post.pk).update(archived_at=timezone.now())


@pytest.mark.promise("A16")
@pytest.mark.parametrize("hide", [hide_by_privacy, hide_for_close_friends, hide_in_the_archive])
@pytest.mark.parametrize("who", ["nobody", "author", "follower"])
def test_nonpublic_posts_cannot_be_embedded(hide, who, request, client, signed_in, post, follower):
    hide(post)
    browser = client if who == "nobody" else signed_in(request.getfixturevalue(who))

    for url in (f"{post.get_absolute_url()}embed/", f"/oembed?url={HOST}{post.get_absolute_url()}"):
        answer = browser.get(url)
        assert answer.status_code == 404
        assert "Morning light" not in answer.text
    if who != "nobody" and browser.get(post.get_absolute_url()).status_code == 200:
        page = browser.get(post.get_absolute_url()).text
        assert "oembed" not in page
        assert "og:" not in page
        assert "&lt;iframe" not in page


def test_the_embed_is_the_same_with_a_session(client, signed_in, post, follower):
    url = f"{post.get_absolute_url()}embed/"

    assert signed_in(follower).get(url).text == client.get(url).text


@pytest.mark.promise("A8")
def test_a_blocked_person_gets_no_embed(signed_in, post, stranger):
    block(post.author, blocked=stranger)

    assert signed_in(stranger).get(f"{post.get_absolute_url()}embed/").status_code == 404
    assert oembed(signed_in(stranger), post).status_code == 404


def test_oembed_describes_a_frame_of_the_requested_size(client, post):
    found = oembed(client, post, maxwidth=400, maxheight=500).json()

    assert (found["type"], found["version"], found["width"]) == ("rich", "1.0", 400)
    assert found["height"] <= 500
    assert f'src="{HOST}{post.get_absolute_url()}embed/"' in found["html"]
    assert found["author_url"] == f"{HOST}/author/"
    assert found["thumbnail_width"] <= 400


def test_pages_link_to_their_oembed_description(client, post):
    page = client.get(post.get_absolute_url()).text

    assert 'type="application/json+oembed"' in page
    assert "/oembed?url=http%3A%2F%2Ftestserver%2Fp%2F" in page


@pytest.mark.promise("U10")
@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"format": "xml"}, 501),
        ({"maxwidth": "wide"}, 400),
        ({"maxheight": "-3"}, 400),
        ({"maxwidth": "99999999999999"}, 400),
        ({"url": "http://elsewhere.example/p/AAAA/"}, 404),
        ({"url": "http://testserver/author/"}, 404),
        ({"url": "http://[::1"}, 404),
        ({"url": ""}, 404),
    ],
)
def test_oembed_rejects_unsupported_requests(query, status, client, post):
    assert oembed(client, post, **query).status_code == status


def test_only_public_posts_offer_embed_code(signed_in, post, author, follower):
    code, menu = f"{post.get_absolute_url()}embed/", f"{post.get_absolute_url()}menu/"
    assert code in signed_in(follower).get(menu).text
    assert re.search(r'data-flags="[^"]*\bpublic\b', signed_in(follower).get(post.get_absolute_url()).text)

    hide_by_privacy(post)
    assert code not in signed_in(follower).get(menu).text
    assert not re.search(r'data-flags="[^"]*\bpublic\b', signed_in(follower).get(post.get_absolute_url()).text)


@pytest.mark.promise("A16")
def test_a_public_profile_has_a_preview_and_a_private_one_has_none(client, signed_in, author, follower):
    author.bio = "Light and shadow"
    author.save(update_fields=["bio"])
    page = client.get("/author/").text
    assert '<meta property="og:type" content="profile">' in page
    assert '<meta property="og:description" content="Light and shadow">' in page

    change_privacy(author, is_private=True)
    for browser in (client, signed_in(follower), signed_in(author)):
        assert "og:" not in browser.get("/author/").text
