"""Finding posts by text, tag, place, author and date. Hidden posts are never found."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from common.ids import first_id_at
from posts.actions.archiving import archive_post
from posts.actions.editing import delete_post
from posts.models import Media, Post
from search.models import Place, PostDocument
from search.posts import find_posts
from search.query import read_query
from social.actions.blocks import block
from social.actions.privacy import change_privacy


def found(text, viewer):
    batch = find_posts(read_query(text), viewer)
    return [one.id for one in batch.posts]


@pytest.mark.parametrize(
    "query",
    [
        *("morning", "MORNING", "light", "lights", "morning light", "light morning", '"morning light"'),
        *("#sun", "sun", "café", "cafe kotti", "berlin", "bicycle", "from:author", "from:@Author light", "author"),
        *("Ann Author", "has:photo", "has:place sun", "after:2020", "before:2058", "after:2020 before:2058 light"),
        *(
            "写真",
            "朝の",
            "の写真",
            '"朝の写真"',
            "привет",
            "privet",
            "🦊",
            "don't",
            "dont",
            "light -rain",
            "-rain",
            "-from:follower light",
        ),
    ],
)
def test_a_post_is_found_by_caption_alt_text_tag_place_author_and_day(query, author, share, stranger):
    User.objects.filter(pk=author.pk).update(name="Ann Author")
    post = share(author, caption="Morning light, don’t move 🦊 朝の写真 привет #sun", location="Café Kotti, Berlin")
    Media.objects.filter(post=post).update(alt="A bicycle leans on a wall")

    assert found(query, stranger) == [post.pk]


@pytest.mark.parametrize(
    "query",
    [
        *(
            "evening",
            '"light morning"',
            '"morning sun"',
            "#su",
            "#light",
            "-light",
            "morning -light",
            "from:stranger",
            "from:nobody",
        ),
        *(
            "-from:author",
            "has:video",
            "-has:photo",
            "-#sun",
            "before:2026-01-01",
            "after:2058",
            "after:2027 before:2026",
        ),
        *("moron", "%", "_", "''", "!!!", "-", "author's"),
    ],
)
def test_a_post_is_not_found_by_other_words_authors_tags_and_days(query, author, share, stranger):
    share(author, caption="Morning light #sun")

    assert found(query, stranger) == []


def test_better_and_newer_matches_come_first(author, share, stranger):
    old = share(author, caption="light " * 3)
    weak = share(author, caption="words " * 40 + "light")
    strong = share(author, caption="Light, only light")
    moved = first_id_at(timezone.now() - timedelta(days=300))
    Post.objects.filter(pk=old.pk).update(published_at=None)
    new = Post.objects.get(pk=old.pk)
    new.pk = moved
    new.published_at = timezone.now()
    new.save(force_insert=True)

    assert found("light", stranger) == [strong.pk, weak.pk, PostDocument.objects.order_by("pk").first().pk]


def test_the_document_changes_with_the_post_in_the_same_transaction(author, share, stranger):
    post = share(author, caption="Morning #sun", location="Kotti")
    Post.objects.filter(pk=post.pk).update(caption="Evening", location="Alex")
    Media.objects.filter(post=post).update(alt="Lanterns")
    post.tagged.all().delete()

    assert [found(query, stranger) for query in ("morning", "kotti", "#sun", "text")] == [[], [], [], []]
    assert [found(query, stranger) for query in ("evening", "alex", "lantern")] == [[post.pk]] * 3
    assert [place.words for place in Place.objects.all()] == [" alex"]
    assert Place.objects.get().pk == PostDocument.objects.get().place_id


@pytest.mark.promise("A7")
def test_hidden_posts_are_never_found(author, follower, person, share, stranger):
    blocked = person("blocked")
    block(author, blocked=blocked)
    posts = {name: share(author, caption=f"Morning {name}", location="Kotti") for name in ("open", "archived", "gone")}
    close = share(author, caption="Morning close")
    Post.objects.filter(pk=close.pk).update(audience="close_friends")
    archive_post(posts["archived"])
    delete_post(posts["gone"])

    everybody = (stranger, follower, blocked)
    assert [len(found("morning", viewer)) for viewer in everybody] == [1, 1, 0]
    assert [found("from:author", viewer) for viewer in everybody] == [[posts["open"].pk], [posts["open"].pk], []]
    for query in ("archived", "gone", "close", "-nothing", "has:photo", "after:2020"):
        assert not {posts["archived"].pk, posts["gone"].pk, close.pk} & set(found(query, stranger)), query
    change_privacy(author, is_private=True)
    assert [len(found("morning", viewer)) for viewer in everybody] == [0, 1, 0]
    User.objects.filter(pk=author.pk).update(suspended_at=timezone.now())
    assert [len(found("morning", viewer)) for viewer in everybody] == [0, 0, 0]
    assert not found("author", stranger)


def test_processing_and_purged_posts_have_no_document(author, share):
    post = share(author, caption="Morning", location="Kotti")
    Post.objects.filter(pk=post.pk).update(published_at=None)
    assert not PostDocument.objects.exists()
    assert not Place.objects.exists()

    Post.objects.filter(pk=post.pk).update(published_at=timezone.now())
    assert PostDocument.objects.count() == 1
    Post.objects.filter(pk=post.pk).update(deleted_at=timezone.now())
    assert not PostDocument.objects.exists()
    assert not Place.objects.exists()


def test_excluded_words_do_not_hide_older_matches(signed_in, author, share, stranger, monkeypatch):
    monkeypatch.setattr("search.posts.BATCH_SIZE", 2)
    old = share(author, caption="sun")
    for _ in range(3):
        share(author, caption="sun and rain")

    newest = find_posts(read_query("sun -rain"), stranger)
    assert (newest.posts, newest.end > old.pk) == ([], True)
    page = signed_in(stranger).get("/search/", {"q": "sun -rain", "tab": "posts"}).context["page"]
    assert [row.post.pk for row in page] == [old.pk]
