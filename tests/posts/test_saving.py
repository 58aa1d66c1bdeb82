"""Saved posts and collections are visible to their owner only, and only while the owner may see the post."""

import pytest
from django.db import IntegrityError, transaction

from common.limits import MAX_COLLECTION_NAME_CHARS
from posts.actions.archiving import archive_post
from posts.actions.saves import create_collection, put_in_collection, save_post
from posts.models import Collection, Post, Save
from social.actions.blocks import block
from tests.conftest import HTMX


def test_a_saved_post_is_in_the_list_and_its_button_says_so(signed_in, follower, post):
    browser = signed_in(follower)
    for _ in range(2):
        answer = browser.post(f"/p/{post.shortcode}/save/", headers=HTMX)

    assert answer.status_code == 204
    page = browser.get(f"/p/{post.shortcode}/").text
    assert f'formaction="/p/{post.shortcode}/unsave/"' in page
    assert 'aria-pressed="true"' in page
    assert Save.objects.get().person == follower
    assert post.shortcode in browser.get("/saved/").text


def test_without_javascript_a_save_leads_back_and_a_second_unsave_changes_nothing(signed_in, follower, post):
    browser = signed_in(follower)
    assert browser.post(f"/p/{post.shortcode}/save/")["Location"] == f"/p/{post.shortcode}/"
    for _ in range(2):
        assert browser.post(f"/p/{post.shortcode}/unsave/").status_code == 302

    assert not Save.objects.exists()


def test_the_database_keeps_one_save_of_a_post_by_a_person(follower, post):
    save_post(post, person=follower)

    with pytest.raises(IntegrityError, match="save_once"), transaction.atomic():
        Save.objects.create(post=post, person=follower)


@pytest.mark.promise("A2")
@pytest.mark.parametrize("hidden", ["private", "archived", "blocked", "close friends"])
def test_posts_hidden_later_disappear_from_saved_lists(hidden, signed_in, author, stranger, share):
    post = share(author, caption="planted-token")
    collection = create_collection(owner=stranger, name="Later")
    put_in_collection(post, person=stranger, collection=collection)
    browser = signed_in(stranger)
    pages = ["/saved/", f"/saved/{collection.pk}/"]
    assert all(post.shortcode in browser.get(page).text for page in pages)
    thumb = Post.objects.for_cards(stranger).get(pk=post.pk).slides[0].thumb

    if hidden == "private":
        type(author).objects.filter(pk=author.pk).update(is_private=True)
    elif hidden == "archived":
        archive_post(post)
    elif hidden == "blocked":
        block(author, blocked=stranger)
    else:
        Post.objects.update(audience="close_friends")

    for page in pages:
        text = browser.get(page).text
        assert post.shortcode not in text
        assert "planted-token" not in text
        assert not thumb or thumb not in text
    for change in ("save", "unsave", "collections"):
        assert browser.post(f"/p/{post.shortcode}/{change}/").status_code == 404


@pytest.mark.promise("A10")
def test_a_collection_of_another_user_is_not_found(signed_in, follower, stranger, post):
    theirs = create_collection(owner=follower, name="Mine")
    browser = signed_in(stranger)

    for page in (f"/saved/{theirs.pk}/", f"/saved/{theirs.pk}/rename/", f"/saved/{theirs.pk}/delete/"):
        assert browser.get(page).status_code == 404
    assert browser.post(f"/saved/{theirs.pk}/rename/", {"name": "x"}).status_code == 404
    assert browser.post(f"/saved/{theirs.pk}/delete/").status_code == 404
    assert browser.post(f"/p/{post.shortcode}/collections/", {"collection": theirs.pk}).status_code == 404
    assert Collection.objects.get().name == "Mine"
    assert not Save.objects.exists()


def test_a_post_is_put_into_a_collection_moved_and_taken_out(signed_in, follower, post):
    browser = signed_in(follower)
    for name in ("Cups", "Tables"):
        assert browser.post("/saved/new/", {"name": name}).status_code == 302
    for name in ("Cups", "Tables"):
        pk = Collection.objects.get(name=name).pk
        assert browser.post(f"/p/{post.shortcode}/collections/", {"collection": pk}).status_code == 302
        assert Save.objects.get().collection_id == pk
    browser.post(f"/p/{post.shortcode}/collections/", {"collection": ""})

    assert Save.objects.get().collection is None


def test_a_deleted_collection_leaves_its_posts_saved(signed_in, follower, post):
    collection = create_collection(owner=follower, name="Cups")
    put_in_collection(post, person=follower, collection=collection)
    browser = signed_in(follower)

    assert "stay saved" in browser.get(f"/saved/{collection.pk}/delete/").text
    browser.post(f"/saved/{collection.pk}/delete/")

    assert not Collection.objects.exists()
    assert Save.objects.get().collection_id is None


def test_collection_names_are_unique_ignoring_case_and_kept_in_a_refused_form(signed_in, follower, stranger):
    create_collection(owner=follower, name="Cups")
    create_collection(owner=stranger, name="CUPS")
    other = create_collection(owner=follower, name="Tables")
    browser = signed_in(follower)

    for page in ("/saved/new/", f"/saved/{other.pk}/rename/"):
        answer = browser.post(page, {"name": "cUPS"})
        assert answer.status_code == 422
        assert "already" in answer.text
        assert 'value="cUPS"' in answer.text


def test_the_limits_of_names_and_collections_are_named(signed_in, follower, monkeypatch):
    browser = signed_in(follower)
    answer = browser.post("/saved/new/", {"name": "x" * (MAX_COLLECTION_NAME_CHARS + 1)})
    assert answer.status_code == 422
    assert "The limit is 50" in answer.text
    assert "needs a name" in browser.post("/saved/new/", {"name": " "}).text

    monkeypatch.setattr("posts.actions.saves.MAX_COLLECTIONS", 1)
    create_collection(owner=follower, name="Cups")
    assert "which is the limit" in browser.post("/saved/new/", {"name": "Tables"}).text


@pytest.mark.promise("O7")
@pytest.mark.parametrize("size", [2, 20])
def test_saved_posts_and_collections_cost_the_same_queries_whatever_their_number(
    size, signed_in, author, follower, share, django_assert_num_queries
):
    for number in range(size):
        collection = create_collection(owner=follower, name=f"Collection {number}")
        put_in_collection(share(author), person=follower, collection=collection)
    browser = signed_in(follower)
    browser.get("/saved/")

    # the session, the saves, their posts, collections, covers, their posts
    with django_assert_num_queries(6):
        answer = browser.get("/saved/")
    assert answer.text.count('class="saved-collection"') == size
    with django_assert_num_queries(4):
        browser.get(f"/saved/{collection.pk}/")


def test_a_further_page_is_tiles_in_the_order_of_saving(signed_in, author, follower, share, monkeypatch):
    monkeypatch.setattr("posts.views.saves.TILES_PER_PAGE", 2)
    posts = [share(author) for _ in range(3)]
    for post in reversed(posts):
        save_post(post, person=follower)
    browser = signed_in(follower)

    page = browser.get("/saved/").context["page"]
    more = browser.get(page.next_url, headers=HTMX)

    assert [post.pk for post in page] == [posts[0].pk, posts[1].pk]
    assert posts[2].shortcode in more.text
    assert "<html" not in more.text
