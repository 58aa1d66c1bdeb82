"""Every endpoint of the site with its audience, one line each, written by hand.

A new endpoint needs a line (`test_every_endpoint_is_listed`). The first word of the line names the test:

    get(targets, audience)    GET: the audience gets 200 or a redirect, others get the answer for a missing target
    post(targets, audience)   POST of `data`: the audience does not get 404, others get the answer for a missing target
                              and nothing is written
    get_and_post(...)         both, for pages that ask for a confirmation
    page(queries)             GET of a page without a target, by every actor: it shows only texts that the tables allow
    form(kwargs)              the same for a page with a form and no content of other users, by a few actors
    exempt(reason)            not tested here, because it writes only data of the caller
    api(endpoint)             one of the above below /api/, with JSON; `method` replaces POST

`targets` is a key of `World.targets`, which building.py plants: its kwargs fill the URL. `audience`: audiences.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tests.visibility.audiences import (
    SAMPLE_ACTORS,
    Audience,
    actors_for,
    can_open,
    may_approve,
    may_delete,
    may_edit,
    may_pin,
    nobody,
    owns,
    reads,
    reads_thread,
    sees,
    sees_lists,
    sees_other_profile,
    sees_other_username,
    sees_profile,
    sees_username,
    visible_to_anonymous,
)


@dataclass(frozen=True)
class Endpoint:
    """The requests that are tested at one URL pattern; see the functions below."""

    targets: str = ""
    audience: Audience | None = None
    gets: bool = False
    posts: bool = False
    data: dict[str, str] = field(default_factory=dict)
    kwargs: dict[str, Any] = field(default_factory=dict)
    queries: Sequence[str] = ("",)
    shows: Sequence[str] = ()
    """Kinds of the target's planted words that must be in the answer to its audience."""
    actors: Sequence[str] = ()
    """The actors who send requests; () for all."""
    method: str = "post"
    """The method of the requests that `posts` stands for."""
    known_by: str = ""
    exempt_because: str = ""


def get(targets: str, audience: Audience, *, shows: str = "", **kwargs: Any) -> Endpoint:
    return Endpoint(targets, audience, gets=True, shows=shows.split(), kwargs=kwargs, actors=actors_for(audience))


def post(targets: str, audience: Audience, kwargs: dict[str, Any] | None = None, **data: str) -> Endpoint:
    return Endpoint(targets, audience, posts=True, data=data, kwargs=kwargs or {}, actors=SAMPLE_ACTORS)


def get_and_post(targets: str, audience: Audience, **data: str) -> Endpoint:
    return Endpoint(targets, audience, gets=True, posts=True, data=data, actors=SAMPLE_ACTORS)


def page(*queries: str, **kwargs: Any) -> Endpoint:
    return Endpoint(gets=True, queries=queries or ("",), kwargs=kwargs)


def form(*actors: str, **kwargs: Any) -> Endpoint:
    return Endpoint(gets=True, kwargs=kwargs, actors=actors or ("anonymous", "stranger", "suspended", "private"))


def exempt(reason: str) -> Endpoint:
    return Endpoint(exempt_because=reason)


def api(endpoint: Endpoint, *, method: str = "post", known_by: str = "") -> Endpoint:
    """Fill `{id}` in the URL with the target's `known_by`, by default the one of its kind in ID_OF."""
    return replace(endpoint, actors=endpoint.actors or SAMPLE_ACTORS, method=method, known_by=known_by)


ID_OF = {
    "post": "shortcode",
    "person": "username",
    "comment": "comment_id",
    "sampled comment": "comment_id",
    "own item": "media_id",
}

SELF = "@self"
"""Replaced in a URL by the username of the actor."""

ALL_WORDS = "caption location"
SEARCHES = ("?q=planted0", "?q=planted000", "?q=planted001", "?q=planted002", "?q=%23seen", "?q=seen")
TABBED_SEARCHES = ("?q=planted00&tab=accounts", "?q=planted00&tab=places", "?q=has:video&tab=posts")
POSTS_ASKED = "?type=posts&q=has:video"

ENDPOINTS: dict[str, Endpoint] = {
    # Site
    "styleguide": form(),
    "styleguide_photo": form(owner="1", number=96),
    "healthz": form(),
    "readyz": form("anonymous"),
    "manifest": form(),
    "favicon": form(),
    "robots": form(),
    "service_worker": exempt("does not exist yet and is 404 for everyone (tests/project/test_well_known.py)"),
    "well_known_change_password": exempt("redirects everyone to the password page (tests/project/test_well_known.py)"),
    "avatar": form(person_id=1, key="aa/bb/0123456789abcdef0123456789ab.webp"),
    # Lists
    "feed:home": page("", "?feed=favourites", "?feed=for-you"),
    "feed:first_feed": form(),
    "feed:explore": page(),
    "feed:explore_seen": exempt(
        "records seen posts; ignores those the reader may not see (tests/feed/test_explore.py)"
    ),
    "feed:hide_post": post("post", sees),
    "feed:show_post": post("post", sees),
    "feed:suggested": page(),
    "feed:dismiss": post("person", sees_other_profile),
    "feed:restore": post("person", sees_other_profile),
    "feed:tag": page(tag="seen"),
    "feed:archive": page(),
    "search:search": page(*SEARCHES, *TABBED_SEARCHES),
    "search:suggest": page("?q=planted00", "?q=seen"),
    "search:place": get("place", sees),
    "search:place_of": get("post", sees),
    "search:remember": exempt("saves a recent search of the caller"),
    "search:forget": exempt(
        "removes a recent search of the caller; those of others are not found (tests/search/test_search.py)"
    ),
    "search:forget_all": exempt("removes the caller's recent searches"),
    "notifications:page": page(),
    "posts:saved": page(),
    "feed:followed_tags": page(),
    "feed:muted_tags": page(),
    # People
    "feed:profile": get("person", sees_username, shows="username"),
    "feed:tagged": get("person", sees_username),
    "social:followers": get("person", sees_lists),
    "social:following": get("person", sees_lists),
    "social:follow": post("person", sees_profile),
    "social:unfollow": post("person", sees_profile),
    "social:remove_follower": get_and_post("person", sees_other_profile),
    "social:block": get_and_post("person", sees_other_username),
    "social:unblock": post("person", sees_other_username),
    "social:mute": get_and_post("person", sees_other_profile),
    "social:unmute": post("person", sees_other_profile),
    "social:restrict": get_and_post("person", sees_other_profile),
    "social:unrestrict": post("person", sees_other_profile),
    "social:add_close_friend": post("person", sees_other_profile),
    "social:remove_close_friend": post("person", sees_other_profile),
    "social:add_favourite": post("person", sees_other_profile),
    "social:remove_favourite": post("person", sees_other_profile),
    "social:volume": get_and_post("person", sees_other_profile, volume="fewer"),
    "social:approve": post("person", sees_profile),
    "social:refuse": post("person", sees_profile),
    # Posts
    "posts:post": get("post", can_open, shows=ALL_WORDS),
    "posts:captions": get("post", can_open, shows="track"),
    "posts:file": get("post", can_open, shows="track"),
    "posts:menu": get("post", can_open),
    "posts:state": get("post", owns, shows="caption"),
    "posts:likers": get("post", sees),
    "posts:comments": get("post", sees, shows=ALL_WORDS),
    "posts:comments_off": post("post", owns),
    "posts:comments_on": post("post", owns),
    "posts:show_comment": get("comment", reads),
    "posts:replies": get("comment", reads_thread),
    "posts:reply": get("sampled comment", reads),
    "posts:edit_comment": get_and_post("sampled comment", may_edit, text="changed"),
    "posts:like_comment": post("sampled comment", reads),
    "posts:unlike_comment": post("sampled comment", reads),
    "posts:comment_likers": get("sampled comment", reads),
    "posts:pin_comment": post("sampled comment", may_pin),
    "posts:unpin_comment": post("sampled comment", may_pin),
    "posts:hide_likes": post("post", owns),
    "posts:show_likes": post("post", owns),
    "posts:embed": get("post", visible_to_anonymous, shows="caption"),
    "posts:oembed": page(""),
    "posts:save": post("post", sees),
    "posts:unsave": post("post", sees),
    "posts:collections": get_and_post("post", sees),
    "posts:tagged_people": get("post", can_open),
    "posts:tag_person": post("post", owns, username="commenter", x="50", y="50"),
    "posts:remove_tag": post("post", nobody, {"tag_id": 1 << 60}),
    "posts:unmention": post("post", nobody),
    "posts:unmention_in_comment": post("sampled comment", nobody),
    "posts:retry": post("post", owns),
    "posts:remove_slide": post("post", nobody),
    "posts:delete": get_and_post("post", owns),
    "posts:edit": get_and_post("post", owns),
    "posts:archive": get_and_post("post", owns),
    "posts:unarchive": post("post", owns),
    "posts:like": post("post", sees),
    "posts:unlike": post("post", sees),
    "posts:comment": post("post", sees, text="hello"),
    "posts:approve_comment": post("sampled comment", may_approve),
    "posts:delete_comment": get_and_post("sampled comment", may_delete),
    # Media that are not shared yet, and collections
    "posts:create": page(),
    "posts:unshared": page(),
    "posts:uploads": exempt("starts an upload of the caller"),
    "posts:medium_delete": post("own item", owns),
    "posts:medium_retry": post("own item", owns),
    "posts:captions_add": post("own item", owns),
    "posts:captions_remove": post("own item", owns),
    "posts:upload": get("own item", owns),
    "posts:upload_complete": post("own item", owns),
    "posts:upload_delete": post("own item", owns),
    "posts:upload_part": post("own item", owns, {"number": 1}),
    "posts:collection": get("own item", owns),
    "posts:collection_rename": get_and_post("own item", owns, name="another"),
    "posts:collection_delete": get_and_post("own item", owns),
    # API
    "api:openapi-json": form("anonymous", "stranger"),
    "api:openapi-view": form("anonymous", "stranger"),
    "api:api-root": form("anonymous", "stranger"),
    "api:get_person": api(get("person", sees_profile, shows="username name bio")),
    "api:get_own_profile": api(page()),
    "api:list_posts_of_person": api(get("person", sees_lists)),
    "api:list_followers": api(get("person", sees_lists)),
    "api:list_following": api(get("person", sees_lists)),
    "api:list_follow_requests": api(page()),
    "api:get_feed": api(page("", "?kind=favourites", "?kind=for-you", id=SELF)),
    "api:list_notifications": api(page()),
    "api:get_post": api(get("post", can_open, shows="caption location alt")),
    "api:list_comments": api(get("post", sees)),
    "api:list_likes": api(get("post", sees)),
    "api:follow": api(post("person", sees_profile)),
    "api:unfollow": api(post("person", sees_profile)),
    "api:block": api(post("person", sees_other_username)),
    "api:unblock": api(post("person", sees_other_username)),
    "api:mute": api(post("person", sees_other_profile)),
    "api:unmute": api(post("person", sees_other_profile)),
    "api:restrict": api(post("person", sees_other_profile)),
    "api:unrestrict": api(post("person", sees_other_profile)),
    "api:add_favourite": api(post("person", sees_other_profile)),
    "api:remove_favourite": api(post("person", sees_other_profile)),
    "api:change_volume": api(post("person", sees_other_profile, volume="fewer")),
    "api:add_close_friend": api(post("person", sees_other_profile)),
    "api:remove_close_friend": api(post("person", sees_other_profile)),
    "api:remove_follower": api(post("person", sees_other_profile)),
    "api:list_blocked": api(page()),
    "api:list_muted": api(page()),
    "api:list_restricted": api(page()),
    "api:list_close_friends": api(page()),
    "api:list_favourites": api(page()),
    "api:get_privacy": api(page()),
    "api:edit_privacy": exempt("changes the caller's privacy settings"),
    "api:approve_all_follow_requests": exempt("answers the requests to the caller"),
    "api:refuse_all_follow_requests": exempt("answers the requests to the caller"),
    "api:get_hidden_words": api(page()),
    "api:set_hidden_words": exempt("changes the caller's list of words"),
    "api:list_unshared_media": api(page()),
    "api:retry_medium": api(post("own item", owns), known_by="media_id"),
    "api:delete_medium": api(post("own item", owns), method="delete", known_by="media_id"),
    "api:tag_person": api(post("post", owns, username="commenter"), known_by="media_id"),
    "api:untag_person": api(post("post", nobody, person_id="1"), known_by="media_id"),
    "api:unmention": api(post("post", nobody)),
    "api:unmention_in_comment": api(post("sampled comment", nobody)),
    "api:approve_follow_request": api(post("person", sees_profile)),
    "api:refuse_follow_request": api(post("person", sees_profile)),
    "api:edit_post": api(post("post", owns, caption="changed"), method="patch"),
    "api:delete_post": api(post("post", owns), method="delete"),
    "api:like_post": api(post("post", sees)),
    "api:unlike_post": api(post("post", sees)),
    "api:save_post": api(post("post", sees)),
    "api:unsave_post": api(post("post", sees)),
    "api:create_comment": api(post("post", sees, text="hello")),
    "api:delete_comment": api(post("sampled comment", may_delete), method="delete"),
    "api:list_comment_likes": api(get("sampled comment", reads)),
    "api:edit_comment": api(post("sampled comment", may_edit, comment="changed"), method="patch"),
    "api:like_comment": api(post("sampled comment", reads)),
    "api:unlike_comment": api(post("sampled comment", reads)),
    "api:pin_comment": api(post("sampled comment", may_pin)),
    "api:unpin_comment": api(post("sampled comment", may_pin)),
    "api:approve_comment": api(post("sampled comment", may_approve)),
    "api:archive_post": api(post("post", owns)),
    "api:unarchive_post": api(post("post", owns)),
    "api:turn_comments_off": api(post("post", owns)),
    "api:turn_comments_on": api(post("post", owns)),
    "api:hide_likes": api(post("post", owns)),
    "api:show_likes": api(post("post", owns)),
    "api:list_archive": api(page()),
    "api:list_saved": api(page()),
    "api:list_collections": api(page()),
    "api:create_collection": exempt("creates a collection of the caller"),
    "api:list_posts_of_collection": api(get("own item", owns), known_by="collection_id"),
    "api:rename_collection": api(post("own item", owns, name="another"), method="patch", known_by="collection_id"),
    "api:delete_collection": api(post("own item", owns), method="delete", known_by="collection_id"),
    "api:list_explore": api(page()),
    "api:report_seen": exempt("records posts that the caller saw in Explore"),
    "api:hide_from_explore": api(post("post", sees)),
    "api:show_in_explore": api(post("post", sees)),
    "api:list_suggestions": api(page()),
    "api:dismiss_suggestion": api(post("person", sees_other_profile)),
    "api:restore_suggestion": api(post("person", sees_other_profile)),
    "api:list_posts_of_tag": api(page(id="seen")),
    "api:list_followed_tags": api(page()),
    "api:list_muted_tags": api(page()),
    "api:follow_tag": exempt("follows a tag; tags have no owner"),
    "api:unfollow_tag": exempt("stops following a tag"),
    "api:mute_tag": exempt("mutes a tag; tags have no owner"),
    "api:unmute_tag": exempt("stops muting a tag"),
    "api:get_avatar": api(page()),
    "api:set_avatar": exempt("sets the caller's profile picture"),
    "api:remove_avatar": exempt("removes the caller's profile picture"),
    "api:create_medium": exempt("uploads a file of the caller"),
    "api:create_post": exempt("shares files of the caller; tests/api/test_writing.py tries those of others"),
    "api:edit_own_profile": exempt("changes the caller's profile"),
    "api:check_username": exempt("changes nothing"),
    "api:read_notifications": exempt("marks the caller's notifications as read"),
    "api:search": api(page(*(f"?type={kind}&q=planted00" for kind in ("users", "tags", "places")), POSTS_ASKED)),
    # Account and settings
    "posts:collection_new": form(),
    "posts:hidden_words": form(),
    "feed:follow_tag": exempt("follows a tag; tags have no owner"),
    "feed:unfollow_tag": exempt("stops following a tag"),
    "feed:mute_tag": exempt("mutes a tag; tags have no owner"),
    "feed:unmute_tag": exempt("stops muting a tag"),
    "social:like_counts": exempt("changes whether the caller sees like counts"),
    "social:who_may_tag": exempt("changes who may tag the caller"),
    "accounts:username": form(),
    "personal_data:deactivate": form(),
    "personal_data:delete": form(),
    "personal_data:keep": form(),
    "api_access:tokens": form(),
    "accounts:mobile": form(),
    "accounts:confirm_mobile": exempt("confirms the caller's phone number"),
    "accounts:remove_mobile": exempt("removes the caller's phone number"),
    "api_access:revoke_token": exempt(
        "revokes a token of the caller; those of others are not found (tests/api_access/test_tokens.py)"
    ),
    "api_access:apps": form(),
    "api_access:revoke_app": exempt("revokes an app of the caller (tests/api_access/test_oauth_tokens.py)"),
    "api_access:own_apps": form(),
    "api_access:own_app": form(app_id=1 << 60),
    "api_access:rotate_app_secret": exempt(
        "changes an app of the caller; those of others are not found (tests/api_access/test_developing_apps.py)"
    ),
    "api_access:remove_app": form(app_id=1 << 60),
    "oauth_authorize": form(),
    "oauth_token": exempt("called by apps, which authenticate themselves (tests/api_access/test_oauth_tokens.py)"),
    "oauth_revoke": exempt("called by apps, which authenticate themselves"),
    "oauth_metadata": form(),
    "personal_data:export": form(),
    "personal_data:export_file": form(export_id=1 << 60),
    "notifications:read": exempt("marks the caller's notifications as read"),
    "notifications:preferences": form(),
    "social:privacy": form(),
    "social:go_private": form(),
    "social:go_public": form(),
    "social:requests": page(),
    "social:approve_all": exempt("answers the caller's follow requests"),
    "social:refuse_all": exempt("answers the caller's follow requests"),
    "social:close_friends": page("", *SEARCHES[:4]),
    "social:favourites": page(),
    "social:blocked": page(),
    "social:muted": page(),
    "social:restricted": page(),
    "accounts:settings": form(),
    "accounts:edit": form(),
    "accounts:remove_avatar": exempt("removes the caller's profile picture"),
    "accounts:username_available": page("?username=planted0005"),
    "accounts:theme": exempt("sets a cookie"),
    "account_login": form(),
    "account_logout": form(),
    "account_inactive": form(),
    "account_signup": form(),
    "account_reauthenticate": form(),
    "account_confirm_reauthentication_code": form(),
    "account_request_reauthentication_code": form(),
    "account_email": form(),
    "account_email_verification_sent": form(),
    "account_change_password": form(),
    "account_set_password": form(),
    "account_reset_password": form(),
    "account_confirm_login_code": form(),
    "account_confirm_email": form(key="planted"),
    "account_reset_password_from_key": form(uidb36="1", key="planted"),
    "account_reset_password_from_key_done": form(),
    "account_reset_password_done": form(),
}
