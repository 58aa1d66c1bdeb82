"""Rules for every URL, taken from the URL resolver so that new URLs are covered: sign-in, CSRF, and safe GETs."""

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from accounts.api.authentication import anybody, without_token
from api_access.actions.apps import register_app
from instagram.api import api
from posts.models import Collection, Comment, Post
from tests.visibility.world import rows_written

PUBLIC = {
    "healthz",
    "readyz",
    "manifest",
    "robots",
    "favicon",
    "service_worker",
    "well_known_change_password",
    "oauth_metadata",
    "styleguide",
    "styleguide_photo",
    "feed:home",
    "feed:explore",
    "feed:tag",
    "feed:profile",
    "feed:tagged",
    "posts:post",
    "posts:menu",
    "posts:comments",
    "posts:replies",
    "posts:show_comment",
    "posts:captions",
    "posts:embed",
    "posts:oembed",
    "posts:tagged_people",
    "avatar",
    "posts:file",
    "accounts:username_available",
    "accounts:theme",
    "personal_data:keep",
    "oauth_token",
    "oauth_revoke",
    "account_signup",
    "account_login",
    "account_logout",
    "account_inactive",
    "account_email_verification_sent",
    "account_confirm_email",
    "account_confirm_login_code",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key",
    "account_reset_password_from_key_done",
}
"""URL names open to visitors without a session. All others require one."""

PUBLIC_OPERATIONS = {"api:get_person", "api:list_posts_of_person", "api:get_post", "api:list_comments"}
PUBLIC_OPERATIONS |= {"api:list_explore", "api:list_posts_of_tag"}
"""Operations of the API that need no token."""

CSRF_EXEMPT = {"oauth_token", "oauth_revoke"}
"""URL names for apps, which have no session and authenticate by their own secret."""

CHALLENGE = f"code_challenge_method=S256&code_challenge={'a' * 43}"


def all_patterns(resolver=None, namespace=""):
    """Yield the name and the view of every URL pattern outside the admin site."""
    for pattern in (resolver or get_resolver()).url_patterns:
        if isinstance(pattern, URLResolver):
            if pattern.app_name != "admin":
                yield from all_patterns(pattern, f"{pattern.namespace}:" if pattern.namespace else namespace)
        elif isinstance(pattern, URLPattern):
            yield f"{namespace}{pattern.name}", pattern.callback


def test_only_the_listed_views_are_open_without_a_session():
    open_views = {name for name, view in all_patterns() if not getattr(view, "login_required", True)}
    open_views = {name for name in open_views if not name.startswith("api:")}

    assert open_views == PUBLIC


def test_only_the_listed_operations_are_open_without_a_token():
    operations = [
        one
        for router in api._get_bound_routers()
        for view in router.path_operations.values()
        for one in view.operations
    ]
    open_operations = {one for one in operations if anybody in one.auth_callbacks}

    assert {f"api:{one.view_func.__name__}" for one in open_operations} == PUBLIC_OPERATIONS
    assert all(one.auth_callbacks for one in operations)
    assert all(one.methods == ["GET"] for one in open_operations)
    without = {one.view_func.__name__ for one in operations if without_token in one.auth_callbacks}
    assert without == {"check_username"}


@pytest.fixture
def urls(author, follower, post):
    """Return every URL outside the API by name, filled with objects of `author` where possible."""
    comment = Comment.objects.create(post=post, author=author, text="hello")
    app, _ = register_app(author, name="App", redirect_uris=["https://app.example/"], is_confidential=True)
    medium, collection = post.media.get(), Collection.objects.create(owner=author, name="Trees")
    values = {"shortcode": post.shortcode, "username": "follower", "comment_id": comment.pk, "app_id": app.pk}
    values |= {"media_id": medium.pk, "collection_id": collection.pk, "person_id": author.pk, "tag": "sun"}
    values |= {"key": "x", "uidb36": "1"}

    def fill(name):
        found = get_resolver()
        namespace, _, plain = name.rpartition(":")
        if namespace:
            found = found.namespace_dict[namespace][1]
        [(_, names), *_] = found.reverse_dict.getlist(plain)[0][0]
        return reverse(name, kwargs={key: values.get(key, 1) for key in names})

    found = {name: fill(name) for name, _ in all_patterns() if not name.startswith("api:")}
    found["oauth_authorize"] += f"?response_type=code&client_id={app.client_id}&{CHALLENGE}"
    return found


@pytest.mark.promise("H3")
@pytest.mark.parametrize("origin", [None, "https://evil.example"])
def test_a_post_without_a_csrf_token_or_from_another_origin_changes_nothing(origin, urls, author):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(author)
    before = rows_written()

    answers = {name: browser.post(url, headers={"Origin": origin} if origin else {}) for name, url in urls.items()}

    not_refused = {name for name, answer in answers.items() if answer.status_code != 403}
    assert not_refused == CSRF_EXEMPT
    assert all("open for too long" in answers[name].text for name in answers.keys() - CSRF_EXEMPT)
    assert rows_written() == before


def test_a_post_without_a_session_redirects_to_the_login_page(urls, client):
    before = rows_written()

    for name, url in urls.items():
        if name not in PUBLIC:
            answer = client.post(url)
            assert (answer.status_code, answer["Location"].split("?")[0]) == (302, "/accounts/login/"), name

    assert rows_written() == before


@pytest.mark.promise("H4")
def test_a_get_changes_nothing(urls, author, signed_in):
    browser = signed_in(author)
    browser.get("/")  # records the visit, once per day
    before = rows_written()

    for name, url in urls.items():
        assert browser.get(url).status_code in {200, 302, 404, 405, 503}, name
        assert rows_written() == before, name


@pytest.mark.promise("A14", "H1")
def test_pages_are_private_and_have_security_headers(post, author, signed_in):
    for url in ("/", "/author/", f"/p/{post.shortcode}/", "/explore/", "/accounts/edit/"):
        answer = signed_in(author).get(url)
        assert "private" in answer["Cache-Control"], url
        policy = answer["Content-Security-Policy"]
        assert "script-src 'self'" in policy
        assert "unsafe" not in policy
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["X-Frame-Options"] == "DENY"
        assert answer["Referrer-Policy"]


@pytest.mark.promise("H9")
@pytest.mark.parametrize("bad", ["//evil.example", "https://evil.example/", "/\\evil.example", "javascript:alert(1)"])
def test_signing_in_never_redirects_to_another_site(bad, author, client):
    from tests.conftest import PASSWORD

    answer = client.post("/accounts/login/", {"login": "author", "password": PASSWORD, "next": bad})

    assert answer.status_code == 302
    assert answer["Location"] == "/"


@pytest.mark.promise("A11")
def test_extra_fields_in_forms_are_ignored(author, signed_in, photo):
    extra = {"is_staff": "1", "is_superuser": "1", "username": "admin", "suspended_at": "", "folded_followers": "9"}
    browser = signed_in(author)
    browser.post("/accounts/edit/", {"name": "New", "bio": "", "link": "", **extra})
    extra |= {"author": "1", "published_at": "2020-01-01", "folded_likes": "9"}
    browser.post("/create/", {"files": [photo()], **extra})

    author.refresh_from_db()
    post = Post.objects.get()
    assert (author.name, author.is_staff, author.username, author.folded_followers) == ("New", False, "author", 0)
    assert (post.author, post.published_at, post.folded_likes) == (author, None, 0)
