"""Link previews show only posts that everyone may see, even if the viewer may see more."""

import pytest

from accounts.models import User
from posts.actions.archiving import archive_post
from posts.models import Media, Post
from social.actions.blocks import block
from tests.posts.conftest import RENDITION


@pytest.fixture
def public_post(author, share):
    post = share(author, caption='Planted "token" <b>')
    Media.objects.filter(post=post).update(alt="A planted cup", renditions=[RENDITION])
    return post


def test_a_public_post_has_a_title_a_text_and_a_large_jpeg_by_its_whole_address(client, public_post):
    text = client.get(f"/p/{public_post.shortcode}/").text

    assert f'<meta property="og:url" content="http://testserver/p/{public_post.shortcode}/">' in text
    assert 'og:description" content="Planted &quot;token&quot; &lt;b&gt;"' in text
    assert 'og:image" content="http' in text
    assert f'{RENDITION["jpeg"]}"' in text
    assert 'og:image:width" content="320"' in text
    assert 'og:image:height" content="240"' in text
    assert 'og:image:alt" content="A planted cup"' in text
    assert 'twitter:card" content="summary_large_image"' in text


@pytest.mark.promise("A16")
@pytest.mark.parametrize("state", ["private", "close friends", "archived"])
def test_nonpublic_posts_have_no_preview_even_for_their_author(state, client, signed_in, author, follower, public_post):
    if state == "private":
        User.objects.filter(pk=author.pk).update(is_private=True)
    elif state == "close friends":
        Post.objects.update(audience="close_friends")
    else:
        archive_post(public_post)

    for browser in (signed_in(author), signed_in(follower), client):
        head = browser.get(f"/p/{public_post.shortcode}/").text.split("</head>")[0]
        assert "og:" not in head
        assert "twitter:" not in head
        assert "canonical" not in head
    anonymous = client.get(f"/p/{public_post.shortcode}/").text
    assert "lanted" not in anonymous


@pytest.mark.promise("A16")
def test_a_block_hides_tags(signed_in, author, stranger, public_post):
    block(author, blocked=stranger)

    answer = signed_in(stranger).get(f"/p/{public_post.shortcode}/")

    assert answer.status_code == 404
    assert "og:" not in answer.text
