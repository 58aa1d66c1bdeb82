"""The admin site: moderators suspend people and remove posts and comments with a reason, and every act is logged."""

import re
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry

from posts.actions.archiving import archive_post
from posts.actions.comments import add_comment
from posts.models import Comment, Post


@pytest.fixture
def moderator(person):
    return person("moderator", is_admin=True)


def run_action(browser, page, action, row, **fields):
    """Run an action of a list of the admin site on one row."""
    return browser.post(f"/admin/{page}/", {"action": action, "_selected_action": [row.pk], **fields}, follow=True)


@pytest.mark.promise("A17")
@pytest.mark.parametrize("url", ["/admin/", "/admin/accounts/user/", "/admin/posts/post/", "/admin/posts/comment/"])
def test_only_moderators_may_open_the_admin_site(url, client, signed_in, stranger, moderator):
    assert client.get(url).status_code == 302
    assert signed_in(stranger).get(url).status_code == 302
    assert signed_in(moderator).get(url).status_code == 200


def test_suspending_asks_for_a_reason_ends_sessions_and_is_logged(signed_in, moderator, author, post, client):
    suspended = signed_in(author)
    browser = signed_in(moderator)

    assert "Reason" in run_action(browser, "accounts/user", "suspend", author).text
    author.refresh_from_db()
    assert author.suspended_at is None, "the confirmation page suspends nobody"
    run_action(browser, "accounts/user", "suspend", author, confirmed="1", reason="Spam")

    assert suspended.get("/create/").status_code == 302, "the session has ended"
    assert client.get("/author/").status_code == 404
    assert LogEntry.objects.get().change_message == "Suspend: Spam"
    assert LogEntry.objects.get().user == moderator

    run_action(browser, "accounts/user", "restore", author)
    assert client.get("/author/").status_code == 200
    assert suspended.get("/create/").status_code == 302, "restoring the account restores no session"
    assert LogEntry.objects.count() == 2


def test_moderators_cannot_suspend_themselves(signed_in, moderator):
    run_action(signed_in(moderator), "accounts/user", "suspend", moderator, confirmed="1", reason="oops")

    moderator.refresh_from_db()
    assert moderator.suspended_at is None


def test_a_moderator_without_superuser_rights_cannot_appoint_or_suspend_moderators(
    signed_in, person, moderator, author
):
    from django.contrib.auth.models import Permission

    helper = person("helper")
    helper.is_staff = True
    helper.save()
    helper.user_permissions.set(Permission.objects.filter(codename__in=["view_user", "change_user"]))

    signed_in(helper).post(f"/admin/accounts/user/{author.pk}/change/", {"is_staff": "on", "username": "hacked"})
    run_action(signed_in(helper), "accounts/user", "suspend", moderator, confirmed="1", reason="coup")

    author.refresh_from_db()
    moderator.refresh_from_db()
    assert (author.is_staff, author.username, moderator.suspended_at) == (False, "author", None)


def test_a_post_is_removed_and_restored_with_its_thumbnail_in_the_list(signed_in, moderator, client, post):
    browser = signed_in(moderator)
    assert f'src="{post.slides[0].thumb}"' in browser.get("/admin/posts/post/").text

    run_action(browser, "posts/post", "remove", post, confirmed="1", reason="Not yours")
    assert client.get(post.get_absolute_url()).status_code == 404
    assert Post.objects.get().removed_reason == "Not yours"

    run_action(browser, "posts/post", "restore", post)
    assert client.get(post.get_absolute_url()).status_code == 200
    assert LogEntry.objects.count() == 2


def test_a_comment_is_removed_and_restored(signed_in, moderator, follower, post, client):
    comment = add_comment(post, author=follower, text="rude words")
    browser = signed_in(moderator)

    run_action(browser, "posts/comment", "remove", comment, confirmed="1", reason="Rude")
    assert "rude words" not in client.get(post.get_absolute_url()).text
    run_action(browser, "posts/comment", "restore", comment)
    assert "rude words" in client.get(post.get_absolute_url()).text
    assert Comment.objects.count() == 1


@pytest.mark.parametrize("page", ["accounts/user", "posts/post", "posts/comment"])
def test_lists_can_be_searched_and_filtered(page, signed_in, moderator, follower, post):
    add_comment(post, author=follower, text="sunny")
    browser = signed_in(moderator)

    for query in ("q=sun", "q=author", "standing=removed", "standing=suspended", "standing=active", "standing=there"):
        assert browser.get(f"/admin/{page}/?{query}", follow=True).status_code == 200


def test_moderators_see_archived_posts_and_audiences_but_cannot_change_them(signed_in, moderator, author, share):
    shown, hidden, close = share(author), share(author), share(author)
    archive_post(hidden)
    Post.objects.filter(pk=close.pk).update(audience="close_friends")
    browser = signed_in(moderator)

    def listed(query):
        return {post.pk for post in browser.get(f"/admin/posts/post/?{query}").context["cl"].result_list}

    assert listed("archived=yes") == {hidden.pk}
    assert listed("archived=no") == {shown.pk, close.pk}
    assert listed("audience__exact=close_friends") == {close.pk}
    url = f"/admin/posts/post/{hidden.pk}/change/"
    browser.post(url, {"audience": "close_friends", "archived_at_0": "", "archived_at_1": ""})
    after = Post.objects.get(pk=hidden.pk)
    assert (after.audience, after.archived_at is None) == ("everyone", False)
    assert "Archived" in browser.get(url).text


@pytest.mark.promise("O7")
@pytest.mark.parametrize("size", [2, 20])
def test_the_list_of_posts_costs_the_same_queries_whatever_its_size(
    size, signed_in, moderator, author, share, django_assert_max_num_queries
):
    for _ in range(size):
        share(author)
    browser = signed_in(moderator)

    with django_assert_max_num_queries(8):
        browser.get("/admin/posts/post/")


@pytest.mark.promise("S1")
def test_moderators_sign_in_on_the_page_of_all_users(client, db):
    answer = client.get("/admin/login/?next=/admin/")

    assert answer.status_code == 302
    assert answer["Location"].startswith("/accounts/login/")


def test_saving_in_the_admin_keeps_fields_changed_meanwhile(signed_in, moderator, author, follower):
    from django.contrib import admin as django_admin
    from django.test import RequestFactory

    from accounts.actions.moderation import suspend_person
    from accounts.admin import UserAdmin
    from accounts.models import User

    stale = User.objects.get(pk=author.pk)
    suspend_person(author, reason="Spam")
    stale.is_staff = True

    class Form:
        changed_data = ["is_staff", "groups"]

    UserAdmin(User, django_admin.site).save_model(RequestFactory().post("/"), stale, Form(), change=True)

    author.refresh_from_db()
    assert author.is_staff
    assert author.suspended_reason == "Spam"


def test_an_action_skips_a_post_deleted_meanwhile_and_removes_the_other(signed_in, moderator, author, post, share):
    gone = share(author)
    from django.contrib import admin as django_admin
    from django.contrib.messages.storage.fallback import FallbackStorage
    from django.test import RequestFactory

    from posts.actions.moderation import remove_post
    from posts.admin import PostAdmin

    request: Any = RequestFactory().post("/")
    request.user, request.session = moderator, {}
    request._messages = FallbackStorage(request)
    rows = [Post.objects.get(pk=gone.pk), Post.objects.get(pk=post.pk)]
    Post.objects.filter(pk=gone.pk).delete()

    page = PostAdmin(Post, django_admin.site)
    page.act_on(request, rows, "Remove: spam", lambda row: remove_post(row, reason="spam"))

    assert Post.objects.get().removed_reason == "spam"
    assert LogEntry.objects.count() == 1


@pytest.mark.promise("O7")
@pytest.mark.parametrize("page", ["accounts/user", "posts/comment"])
@pytest.mark.parametrize("size", [2, 20])
def test_the_other_lists_cost_the_same_queries_whatever_their_size(
    page, size, signed_in, moderator, post, person, django_assert_num_queries
):
    for _ in range(size):
        add_comment(post, author=person(), text="hello")
    browser = signed_in(moderator)
    browser.get(f"/admin/{page}/")

    with django_assert_num_queries(3):  # the session, the number of rows, the rows
        browser.get(f"/admin/{page}/")


def test_the_overview_has_figures_of_today_that_link_to_their_lists(signed_in, moderator, author, share, photo):
    shared, failed, old = share(author), share(author), share(author)
    failed.media.update(state="failed")
    Post.objects.filter(pk=failed.pk).update(published_at=None)
    Post.objects.filter(pk=old.pk).update(deleted_at=shared.published_at)
    browser = signed_in(moderator)

    page = browser.get("/admin/")

    figures = page.context["figures"]
    assert [(figure.label, figure.count) for figure in figures] == [
        ("People joined today", 2),
        ("Posts shared today", 2),
        ("Files that could not be processed", 1),
    ]
    for figure in figures:
        assert f'href="{figure.url}"' in page.text
        assert browser.get(figure.url).context["cl"].result_count == figure.count
    assert browser.get("/admin/posts/post/?standing=visible").context["cl"].result_count == 2


def test_the_names_of_apps_on_the_overview_are_unique(signed_in, moderator):
    names = [app["name"] for app in signed_in(moderator).get("/admin/").context["app_list"]]

    assert len(set(names)) == len(names)
    assert {"People", "Posts", "Email addresses"} <= set(names)


def test_the_confirmation_page_uses_singular_and_plural(signed_in, moderator, author, stranger):
    browser = signed_in(moderator)

    assert "Suspend 1 person" in run_action(browser, "accounts/user", "suspend", author).text
    fields = {"action": "suspend", "_selected_action": [author.pk, stranger.pk]}
    assert "Suspend 2 people" in browser.post("/admin/accounts/user/", fields).text


def test_fields_have_labels_times_are_formatted_and_cut_texts_end_with_an_ellipsis(signed_in, moderator, author, share):
    post = share(author, caption="word " * 40)
    comment = add_comment(post, author=author, text="word " * 40)
    browser = signed_in(moderator)

    for url in (f"accounts/user/{author.pk}", f"posts/post/{post.pk}", f"posts/comment/{comment.pk}"):
        page = browser.get(f"/admin/{url}/change/").text
        assert "+00:00" not in page
        assert not re.search(r"<label[^>]*>\s*:?\s*</label>", page)
    for url in ("posts/post", "posts/comment"):
        assert "word word…" in browser.get(f"/admin/{url}/").text
