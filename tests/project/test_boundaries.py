"""What holds for every address, read off the URL resolver, so that a new one is held against it too."""

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.api import anybody
from accounts.models import User
from accounts.oauth import register_app
from common.ids import encode_shortcode
from feed.models import TagFollow, TagMute
from instagram.api import api
from posts.models import (
    Collection,
    Comment,
    CommentLike,
    HiddenWord,
    Like,
    Media,
    Mention,
    PersonTag,
    Post,
    Save,
    UploadSession,
)
from social.models import Block, CloseFriend, Follow, FollowRequest, Mute, Restrict

PUBLIC = {
    "healthz",
    "readyz",
    "manifest",
    "styleguide",
    "feed:home",
    "feed:explore",
    "feed:tag",
    "feed:profile",
    "feed:tagged",
    "posts:post",
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
    "accounts:keep",
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
"""Addresses for people without a session. Everything else is closed."""

PUBLIC_OPERATIONS = {"api:get_person", "api:list_posts_of_person", "api:get_post", "api:list_comments"}
"""Of the API; `auth` of each operation says."""

WRITES = ["/p/{post}/like/", "/p/{post}/unlike/", "/p/{post}/comment/", "/p/{post}/delete/", "/p/{post}/retry/"]
WRITES += ["/p/{post}/edit/", "/p/{post}/archive/", "/p/{post}/unarchive/"]
WRITES += ["/p/{post}/comments/{comment}/delete/", "/{person}/follow/", "/{person}/unfollow/", "/create/"]
WRITES += ["/accounts/edit/", "/accounts/avatar/remove/", "/accounts/logout/", "/accounts/password/change/"]
WRITES += ["/accounts/username/", "/accounts/deactivate/", "/accounts/delete/", "/accounts/export/"]
WRITES += ["/accounts/keep/", "/accounts/tokens/", "/accounts/tokens/1/revoke/"]
WRITES += ["/accounts/apps/1/revoke/", "/accounts/apps/own/", "/accounts/apps/own/{app}/"]
WRITES += ["/accounts/apps/own/{app}/secret/", "/accounts/apps/own/{app}/delete/"]
CHALLENGE = f"code_challenge_method=S256&code_challenge={'a' * 43}"
WRITES += [f"/oauth/authorize/?response_type=code&client_id={{client}}&{CHALLENGE}"]
WRITES += ["/accounts/mobile/", "/accounts/mobile/confirm/", "/accounts/mobile/remove/"]
WRITES += ["/create/uploads/", "/create/uploads/1/parts/1/", "/create/uploads/1/complete/", "/create/uploads/1/delete/"]
WRITES += ["/create/media/1/captions/", "/create/media/1/captions/delete/"]
WRITES += ["/create/media/1/delete/", "/create/media/1/retry/", "/p/{post}/slides/1/remove/"]
WRITES += ["/p/{post}/comments/{comment}/approve/"]
OF_COMMENTS = ["like", "unlike", "pin", "unpin", "edit"]
WRITES += [f"/p/{{post}}/comments/{{comment}}/{what}/" for what in OF_COMMENTS]
WRITES += ["/p/{post}/comments/off/", "/p/{post}/comments/on/", "/accounts/hidden-words/"]
WRITES += [f"/explore/tags/sun/{change}/" for change in ("follow", "unfollow", "mute", "unmute")]
WRITES += ["/p/{post}/people/1/tag/", "/p/{post}/people/tags/1/remove/", "/p/{post}/unmention/"]
WRITES += ["/p/{post}/comments/{comment}/unmention/"]
WRITES += ["/explore/again/", "/explore/posts/{post}/hide/", "/explore/posts/{post}/show/"]
WRITES += ["/explore/people/{other}/dismiss/", "/explore/people/{other}/restore/"]
WRITES += ["/p/{post}/likes/hide/", "/p/{post}/likes/show/", "/accounts/privacy/likes/"]
WRITES += ["/p/{post}/save/", "/p/{post}/unsave/", "/p/{post}/collections/", "/saved/new/"]
CHANGES = ["block", "unblock", "mute", "unmute", "restrict", "unrestrict", "remove-follower"]
CHANGES += ["add-close-friend", "remove-close-friend"]
WRITES += [f"/{{other}}/{change}/" for change in CHANGES]
WRITES += ["/accounts/privacy/tags/", "/accounts/privacy/private/", "/accounts/privacy/public/"]
WRITES += ["/accounts/requests/{other}/approve/", "/accounts/requests/{other}/refuse/"]
WRITES += ["/accounts/requests/approve-all/", "/accounts/requests/refuse-all/"]
WRITES += ["/search/recent/", "/search/recent/clear/", "/search/recent/1/remove/"]


def all_patterns(resolver=None, namespace=""):
    for pattern in (resolver or get_resolver()).url_patterns:
        if isinstance(pattern, URLResolver):
            if pattern.app_name != "admin":
                yield from all_patterns(pattern, f"{pattern.namespace}:" if pattern.namespace else namespace)
        elif isinstance(pattern, URLPattern):
            yield f"{namespace}{pattern.name}", pattern.callback


def test_every_view_is_closed_but_those_that_are_listed():
    open_views = {name for name, view in all_patterns() if not getattr(view, "login_required", True)}
    open_views = {name for name in open_views if not name.startswith("api:")}

    assert open_views == PUBLIC


def test_every_operation_is_closed_but_those_that_are_listed():
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


@pytest.fixture
def filled(author, follower, post):
    comment = Comment.objects.create(post=post, author=author, text="hello")
    app, _ = register_app(author, name="App", redirect_uris=["https://app.example/"], is_confidential=True)
    own = {"app": app.pk, "client": app.client_id}
    return {"post": post.shortcode, "comment": comment.pk, "person": "author", "other": "follower"} | own


def rows():
    posts = Post.objects.filter(deleted_at=None)
    states = sorted(posts.values_list("pk", "version", "archived_at", "comments_off", "hide_likes"))
    states += sorted(Comment.objects.values_list("pk", "text", "pinned_at"))
    found = [
        Save,
        Collection,
        Like,
        Comment,
        CommentLike,
        HiddenWord,
        Follow,
        Media,
        UploadSession,
        FollowRequest,
        Block,
        Mute,
        Restrict,
        CloseFriend,
    ]
    found += [TagFollow, TagMute, Mention, PersonTag]
    private = list(User.objects.filter(is_private=True).order_by("pk").values_list("pk", flat=True))
    return [states, private, *(model.objects.count() for model in found)]


@pytest.mark.parametrize("url", WRITES)
@pytest.mark.parametrize("origin", [None, "https://evil.example"])
def test_H3_a_write_without_our_token_or_from_elsewhere_changes_nothing(url, origin, filled, author):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(author)
    before = rows()

    answer = browser.post(url.format(**filled), headers={"Origin": origin} if origin else {})

    assert answer.status_code == 403
    assert "open for too long" in answer.text
    assert rows() == before


@pytest.mark.parametrize("url", WRITES)
def test_a_write_without_a_session_leads_to_sign_in(url, filled, client):
    before = rows()

    answer = client.post(url.format(**filled))

    assert answer.status_code == 302
    assert rows() == before
    if "logout" not in url:
        assert answer["Location"].startswith("/accounts/login/")


@pytest.mark.parametrize("url", WRITES)
def test_H4_a_get_changes_nothing(url, filled, author, as_):
    before = rows()

    assert as_(author).get(url.format(**filled)).status_code in {200, 302, 405}
    assert rows() == before


@pytest.mark.parametrize("url", [url for url in WRITES if "{" in url and "{client}" not in url])
def test_A10_ones_writes_on_what_one_may_not_touch_are_not_found(url, filled, stranger, as_):
    """Changing another's post, and whatever is done to a post or a person that is not there."""
    missing = {"post": encode_shortcode(1 << 60), "comment": 1 << 60, "person": "nobody.here", "other": "nobody.here"}
    missing["app"] = 1 << 60
    before = rows()
    browser = as_(stranger)

    unknown = browser.post(url.format(**missing), {"text": "x"})
    assert unknown.status_code == 404
    if url.rsplit("/", 2)[-2] in {"delete", "retry", "edit", "archive", "unarchive", "pin", "unpin", "off", "on"}:
        forbidden = browser.post(url.format(**filled), {"text": "x"})
        assert forbidden.status_code == 404
        assert rows() == before


def test_A14_pages_are_private_and_h1_headers_are_there(filled, author, as_):
    for url in ("/", "/author/", f"/p/{filled['post']}/", "/explore/", "/accounts/edit/"):
        answer = as_(author).get(url)
        assert "private" in answer["Cache-Control"], url
        policy = answer["Content-Security-Policy"]
        assert "script-src 'self'" in policy
        assert "unsafe" not in policy
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["X-Frame-Options"] == "DENY"
        assert answer["Referrer-Policy"]


@pytest.mark.parametrize("bad", ["//evil.example", "https://evil.example/", "/\\evil.example", "javascript:alert(1)"])
def test_H9_signing_in_leads_nowhere_off_site(bad, author, client):
    from tests.conftest import PASSWORD

    answer = client.post("/accounts/login/", {"login": "author", "password": PASSWORD, "next": bad})

    assert answer.status_code == 302
    assert answer["Location"] == "/"


def test_A11_fields_that_are_not_asked_for_are_not_taken(author, as_, photo):
    extra = {"is_staff": "1", "is_superuser": "1", "username": "admin", "suspended_at": "", "folded_followers": "9"}
    browser = as_(author)
    browser.post("/accounts/edit/", {"name": "New", "bio": "", "link": "", **extra})
    extra |= {"author": "1", "published_at": "2020-01-01", "folded_likes": "9"}
    browser.post("/create/", {"files": [photo()], **extra})

    author.refresh_from_db()
    post = Post.objects.get()
    assert (author.name, author.is_staff, author.username, author.folded_followers) == ("New", False, "author", 0)
    assert (post.author, post.published_at, post.folded_likes) == (author, None, 0)
