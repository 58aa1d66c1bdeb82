"""Removing a file that could not be rendered from an unpublished post."""

import pytest
from django.core.files.storage import storages

from posts.actions.new_slides import Slide
from posts.actions.publishing import remove_failed_slide
from posts.actions.sharing import share_post
from posts.models import Media, Post


@pytest.fixture
def broken(author, unshared, tasks_run):
    """A post of three whose second cannot be rendered."""
    media = [unshared(author, f"{n}.jpg", state="ready" if n != 2 else "pending") for n in (1, 2, 3)]
    post = share_post(author=author, slides=[Slide(medium.pk) for medium in media])
    Media.objects.filter(pk=media[1].pk).update(state="failed", error="It is damaged.")
    return post


def remove(browser, post, medium, **options):
    return browser.post(f"{post.get_absolute_url()}slides/{medium.pk}/remove/", **options)


@pytest.mark.both_storages(deep=True)
def test_a_failed_file_is_removed_and_the_rest_is_published(mine, broken, tasks_run):
    failed = broken.slides[1]
    page = mine.get(broken.get_absolute_url()).text
    assert "Remove this file and publish the rest" in page
    assert f'action="{broken.get_absolute_url()}slides/{failed.pk}/remove/"' in page

    with tasks_run():
        answer = remove(mine, broken, failed)

    assert answer["Location"] == broken.get_absolute_url()
    post = Post.objects.get()
    assert post.state == "published"
    assert post.fanned_out_at is not None
    assert [(slide.original_name, slide.position) for slide in post.slides] == [("1.jpg", 0), ("3.jpg", 1)]
    assert not Media.objects.filter(pk=failed.pk).exists()
    assert not storages["originals"].exists(failed.original)


def test_with_htmx_the_card_comes_back(mine, broken):
    answer = remove(mine, broken, broken.slides[1], headers={"HX-Request": "true"})

    assert answer.status_code == 200
    assert answer.text.lstrip().startswith("<article")
    assert "data-state" not in answer.text


def test_two_failed_files_are_named_and_the_last_cannot_be_removed(mine, broken):
    Media.objects.filter(post=broken).update(state="failed")
    page = mine.get(broken.get_absolute_url()).text
    assert "Remove 1.jpg" in page
    assert "Remove 2.jpg" in page
    first, second, third = broken.slides

    assert remove(mine, broken, first).status_code == 302
    assert remove(mine, broken, second).status_code == 302
    assert remove(mine, broken, third).status_code == 404, "a post has a file"
    assert "/remove/" not in mine.get(broken.get_absolute_url()).text
    assert [slide.pk for slide in Post.objects.get().slides] == [third.pk]


@pytest.mark.promise("A10")
def test_only_failed_files_of_the_authors_unpublished_post_can_be_removed(signed_in, stranger, mine, broken, post):
    ready, failed, _ = broken.slides

    assert remove(signed_in(stranger), broken, failed).status_code == 404
    assert remove(mine, broken, ready).status_code == 404
    assert remove(mine, post, post.slides[0]).status_code == 404
    assert remove(mine, post, failed).status_code == 404
    assert Media.objects.count() == 4


def test_a_kill_while_removing_a_failed_file_leaves_it_unshared(broken, monkeypatch):
    failed = broken.slides[1]

    def die(medium):
        raise SystemExit

    monkeypatch.setattr("posts.actions.publishing.delete_medium", die)
    with pytest.raises(SystemExit):
        remove_failed_slide(broken, media_id=failed.pk)

    failed.refresh_from_db()
    assert (failed.post, failed.state) == (None, "failed")
    assert Post.objects.get().state == "published"
