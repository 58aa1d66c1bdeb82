"""Every address of the site, with who may get and post what there: one line each, by hand.

A new address needs a line (`test_every_address_has_its_line` says so). Its first word says what it does:

    get(things, who)    GET: those who may get 200 or a redirect, and all others what a missing thing answers
    post(things, who)   POST of `data`: those who may get no 404; all others what a missing thing answers, no row moves
    ask(things, who)    both: GET asks, POST does
    page(queries)       GET of no thing in particular, by each actor: it may show what the tables allow, and no more
    form(kwargs)        the same of a page with a form and nothing of others in it, by some actors only
    mine(why)           POST that touches nothing but one's own, named by nobody: not driven here
    program(surface)    one of these below /api/, where some ask, with JSON; `method` for what is neither GET nor POST

`things` is a list in `World.things` ("post", "person", "comment", "file"), whose kwargs fill the address; to plant
something new, add it in world.py. `who` is a function below, from the tables.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tests.visibility.world import Thing, World

Who = Callable[[World, str, Thing], bool]


# --- Who ------------------------------------------------------------------------------------------------------------


def sees(world: World, actor: str, thing: Thing) -> bool:
    """Whoever sees the post, or the post of the comment."""
    return world.sees(actor, thing.post or thing)


def reaches(world: World, actor: str, thing: Thing) -> bool:
    """Those, and its author whatever its state."""
    return world.reaches(actor, thing.post or thing)


def owns(world: World, actor: str, thing: Thing) -> bool:
    return actor == thing.owner and (thing.column == "own" or world.reaches(actor, thing.post or thing))


def owns_failed(world: World, actor: str, thing: Thing) -> bool:
    """A file that failed: the posts of the world have one each, which is the only one and stays."""
    return False


def reads(world: World, actor: str, comment: Thing) -> bool:
    return world.reads(actor, comment)


def may_delete(world: World, actor: str, comment: Thing) -> bool:
    """Their writer and the author of the post, of comments that they see."""
    return world.reads(actor, comment) and actor in {comment.owner, comment.writer}


def may_approve(world: World, actor: str, comment: Thing) -> bool:
    return actor == comment.owner and comment.column == "waiting"


def reads_thread(world: World, actor: str, comment: Thing) -> bool:
    """Replies have none of their own."""
    return world.reads(actor, comment) and comment.column != "reply" and not comment.column.startswith("under-")


def public(world: World, actor: str, post: Thing) -> bool:
    """What somebody without a session sees, and the one who asks too."""
    return world.sees("anonymous", post) and world.sees(actor, post)


def may_edit(world: World, actor: str, comment: Thing) -> bool:
    return world.reads(actor, comment) and actor == comment.writer


def may_pin(world: World, actor: str, comment: Thing) -> bool:
    return world.reads(actor, comment) and actor == comment.owner


def nobody(world: World, actor: str, thing: Thing) -> bool:
    """What only those may whom a post names; those of the world name nobody."""
    return False


def knows(world: World, actor: str, person: Thing) -> bool:
    return world.knows(actor, person.owner)


def knows_another(world: World, actor: str, person: Thing) -> bool:
    return world.knows(actor, person.owner) and actor != person.label


def names(world: World, actor: str, person: Thing) -> bool:
    """Known people, and those whom one has blocked."""
    return world.names(actor, person.owner)


def names_another(world: World, actor: str, person: Thing) -> bool:
    return world.names(actor, person.owner) and actor != person.label


def inside(world: World, actor: str, person: Thing) -> bool:
    """Those to whom the person's account is open."""
    return world.inside(actor, person.owner)


SOME = ("anonymous", "stranger", "pending", "close-friend", "restricted", "blocked", "blocker", "open", "closed")
"""Who asks where all 17 would take too long: one of each kind. Everybody asks for what has words of others on it by the
dozen (posts, their comments, likers and people), and comments.
"""


def _actors(who: Who) -> Sequence[str]:
    return () if who in {sees, reaches, inside} else SOME


# --- What -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Surface:
    things: str = ""
    who: Who | None = None
    gets: bool = False
    posts: bool = False
    data: dict[str, str] = field(default_factory=dict)
    kwargs: dict[str, Any] = field(default_factory=dict)
    queries: Sequence[str] = ("",)
    shows: Sequence[str] = ()
    """Kinds of words of the thing that everybody who may get it must find there."""
    actors: Sequence[str] = ()
    """Who asks; () for all."""
    method: str = "post"
    """Of what `posts` says."""
    known_by: str = ""
    why: str = ""


def get(things: str, who: Who, *, shows: str = "", **kwargs: Any) -> Surface:
    return Surface(things, who, gets=True, shows=shows.split(), kwargs=kwargs, actors=_actors(who))


def post(things: str, who: Who, kwargs: dict[str, Any] | None = None, **data: str) -> Surface:
    return Surface(things, who, posts=True, data=data, kwargs=kwargs or {}, actors=SOME)


def ask(things: str, who: Who, **data: str) -> Surface:
    return Surface(things, who, gets=True, posts=True, data=data, actors=SOME)


def page(*queries: str, **kwargs: Any) -> Surface:
    return Surface(gets=True, queries=queries or ("",), kwargs=kwargs)


def form(*actors: str, **kwargs: Any) -> Surface:
    return Surface(gets=True, kwargs=kwargs, actors=actors or ("anonymous", "stranger", "suspended", "closed"))


def mine(why: str) -> Surface:
    return Surface(why=why)


def program(surface: Surface, *, method: str = "post", known_by: str = "") -> Surface:
    """Its `{id}` is what addresses of that kind of thing are known by: `known_by`, else see ID_OF."""
    return replace(surface, actors=surface.actors or SOME, method=method, known_by=known_by)


ID_OF = {"post": "shortcode", "person": "username", "comment": "comment_id", "talk": "comment_id", "file": "media_id"}

ONESELF = "@oneself"
"""In an address: whoever asks."""

ALL_WORDS = "caption location"
SEARCHES = ("?q=planted0", "?q=planted000", "?q=planted001", "?q=planted002", "?q=%23seen", "?q=seen")
TABBED_SEARCHES = ("?q=planted00&tab=accounts", "?q=planted00&tab=places", "?q=has:video&tab=posts")
POSTS_ASKED = "?type=posts&q=has:video"

SURFACES: dict[str, Surface] = {
    # The site
    "styleguide": form(),
    "healthz": form(),
    "readyz": form("anonymous"),
    "manifest": form(),
    "favicon": form(),
    "robots": form(),
    "service_worker": mine("there is none yet, and it is missing for everyone (tests/project/test_well_known.py)"),
    "well_known_change_password": mine("redirects everyone to the password page (tests/project/test_well_known.py)"),
    "avatar": form(person_id=1, key="aa/bb/0123456789abcdef0123456789ab.webp"),
    # Lists
    "feed:home": page(),
    "feed:explore": page(),
    "feed:explore_seen": mine("records seen posts; ignores those the reader may not see (tests/feed/test_explore.py)"),
    "feed:hide_post": post("post", sees),
    "feed:show_post": post("post", sees),
    "feed:suggested": page(),
    "feed:dismiss": post("person", knows_another),
    "feed:restore": post("person", knows_another),
    "feed:tag": page(tag="seen"),
    "feed:archive": page(),
    "search:search": page(*SEARCHES, *TABBED_SEARCHES),
    "search:suggest": page("?q=planted00", "?q=seen"),
    "search:place": get("place", sees),
    "search:place_of": get("post", sees),
    "search:remember": mine("puts a search among one's own"),
    "search:forget": mine("removes a search of one's own: another's is not found (tests/search/test_search.py)"),
    "search:forget_all": mine("removes one's own searches"),
    "notifications:page": page(),
    "posts:saved": page(),
    "feed:followed_tags": page(),
    "feed:muted_tags": page(),
    # People
    "feed:profile": get("person", names, shows="username"),
    "feed:tagged": get("person", names),
    "social:followers": get("person", inside),
    "social:following": get("person", inside),
    "social:follow": post("person", knows),
    "social:unfollow": post("person", knows),
    "social:remove_follower": ask("person", knows_another),
    "social:block": ask("person", names_another),
    "social:unblock": post("person", names_another),
    "social:mute": ask("person", knows_another),
    "social:unmute": post("person", knows_another),
    "social:restrict": ask("person", knows_another),
    "social:unrestrict": post("person", knows_another),
    "social:add_close_friend": post("person", knows_another),
    "social:remove_close_friend": post("person", knows_another),
    "social:approve": post("person", knows),
    "social:refuse": post("person", knows),
    # Posts
    "posts:post": get("post", reaches, shows=ALL_WORDS),
    "posts:captions": get("post", reaches, shows="track"),
    "posts:file": get("post", reaches, shows="track"),
    "posts:state": get("post", owns, shows="caption"),
    "posts:likers": get("post", sees),
    "posts:comments": get("post", sees, shows=ALL_WORDS),
    "posts:comments_off": post("post", owns),
    "posts:comments_on": post("post", owns),
    "posts:show_comment": get("comment", reads),
    "posts:replies": get("comment", reads_thread),
    "posts:reply": get("talk", reads),
    "posts:edit_comment": ask("talk", may_edit, text="changed"),
    "posts:like_comment": post("talk", reads),
    "posts:unlike_comment": post("talk", reads),
    "posts:comment_likers": get("talk", reads),
    "posts:pin_comment": post("talk", may_pin),
    "posts:unpin_comment": post("talk", may_pin),
    "posts:hide_likes": post("post", owns),
    "posts:show_likes": post("post", owns),
    "posts:embed": get("post", public, shows="caption"),
    "posts:oembed": page(""),
    "posts:save": post("post", sees),
    "posts:unsave": post("post", sees),
    "posts:collections": ask("post", sees),
    "posts:tagged_people": get("post", reaches),
    "posts:tag_person": post("post", owns, username="commenter", x="50", y="50"),
    "posts:remove_tag": post("post", nobody, {"tag_id": 1 << 60}),
    "posts:unmention": post("post", nobody),
    "posts:unmention_in_comment": post("talk", nobody),
    "posts:retry": post("post", owns),
    "posts:remove_slide": post("post", owns_failed),
    "posts:delete": ask("post", owns),
    "posts:edit": ask("post", owns),
    "posts:archive": ask("post", owns),
    "posts:unarchive": post("post", owns),
    "posts:like": post("post", sees),
    "posts:unlike": post("post", sees),
    "posts:comment": post("post", sees, text="hello"),
    "posts:approve_comment": post("talk", may_approve),
    "posts:delete_comment": ask("talk", may_delete),
    # Files that are not shared yet
    "posts:create": page(),
    "posts:unshared": page(),
    "posts:uploads": mine("opens an upload of one's own"),
    "posts:medium_delete": post("file", owns),
    "posts:medium_retry": post("file", owns),
    "posts:captions_add": post("file", owns),
    "posts:captions_remove": post("file", owns),
    "posts:upload": get("file", owns),
    "posts:upload_complete": post("file", owns),
    "posts:upload_delete": post("file", owns),
    "posts:upload_part": post("file", owns, {"number": 1}),
    "posts:collection": get("file", owns),
    "posts:collection_rename": ask("file", owns, name="another"),
    "posts:collection_delete": ask("file", owns),
    # For programs
    "api:openapi-json": form("anonymous", "stranger"),
    "api:openapi-view": form("anonymous", "stranger"),
    "api:api-root": form("anonymous", "stranger"),
    "api:get_person": program(get("person", knows, shows="username name bio")),
    "api:get_own_profile": program(page()),
    "api:list_posts_of_person": program(get("person", inside)),
    "api:list_followers": program(get("person", inside)),
    "api:list_following": program(get("person", inside)),
    "api:list_follow_requests": program(page()),
    "api:get_feed": program(page(id=ONESELF)),
    "api:list_notifications": program(page()),
    "api:get_post": program(get("post", reaches, shows="caption location alt")),
    "api:list_comments": program(get("post", sees)),
    "api:list_likes": program(get("post", sees)),
    "api:follow": program(post("person", knows)),
    "api:unfollow": program(post("person", knows)),
    "api:block": program(post("person", names_another)),
    "api:unblock": program(post("person", names_another)),
    "api:mute": program(post("person", knows_another)),
    "api:unmute": program(post("person", knows_another)),
    "api:restrict": program(post("person", knows_another)),
    "api:unrestrict": program(post("person", knows_another)),
    "api:add_close_friend": program(post("person", knows_another)),
    "api:remove_close_friend": program(post("person", knows_another)),
    "api:remove_follower": program(post("person", knows_another)),
    "api:list_blocked": program(page()),
    "api:list_muted": program(page()),
    "api:list_restricted": program(page()),
    "api:list_close_friends": program(page()),
    "api:get_privacy": program(page()),
    "api:edit_privacy": mine("changes one's own privacy settings"),
    "api:approve_follow_request": program(post("person", knows)),
    "api:refuse_follow_request": program(post("person", knows)),
    "api:edit_post": program(post("post", owns, caption="changed"), method="patch"),
    "api:delete_post": program(post("post", owns), method="delete"),
    "api:like_post": program(post("post", sees)),
    "api:unlike_post": program(post("post", sees)),
    "api:save_post": program(post("post", sees)),
    "api:unsave_post": program(post("post", sees)),
    "api:create_comment": program(post("post", sees, text="hello")),
    "api:delete_comment": program(post("talk", may_delete), method="delete"),
    "api:list_comment_likes": program(get("talk", reads)),
    "api:edit_comment": program(post("talk", may_edit, comment="changed"), method="patch"),
    "api:like_comment": program(post("talk", reads)),
    "api:unlike_comment": program(post("talk", reads)),
    "api:pin_comment": program(post("talk", may_pin)),
    "api:unpin_comment": program(post("talk", may_pin)),
    "api:approve_comment": program(post("talk", may_approve)),
    "api:archive_post": program(post("post", owns)),
    "api:unarchive_post": program(post("post", owns)),
    "api:turn_comments_off": program(post("post", owns)),
    "api:turn_comments_on": program(post("post", owns)),
    "api:hide_likes": program(post("post", owns)),
    "api:show_likes": program(post("post", owns)),
    "api:list_archive": program(page()),
    "api:list_saved": program(page()),
    "api:list_collections": program(page()),
    "api:create_collection": mine("creates a collection of one's own"),
    "api:list_posts_of_collection": program(get("file", owns), known_by="collection_id"),
    "api:rename_collection": program(post("file", owns, name="another"), method="patch", known_by="collection_id"),
    "api:delete_collection": program(post("file", owns), method="delete", known_by="collection_id"),
    "api:list_explore": program(page()),
    "api:report_seen": mine("remembers what one saw in Explore"),
    "api:hide_from_explore": program(post("post", sees)),
    "api:show_in_explore": program(post("post", sees)),
    "api:list_suggestions": program(page()),
    "api:dismiss_suggestion": program(post("person", knows_another)),
    "api:restore_suggestion": program(post("person", knows_another)),
    "api:list_posts_of_tag": program(page(id="seen")),
    "api:list_followed_tags": program(page()),
    "api:list_muted_tags": program(page()),
    "api:follow_tag": mine("follows a tag, which is nobody's"),
    "api:unfollow_tag": mine("stops following a tag"),
    "api:mute_tag": mine("mutes a tag, which is nobody's"),
    "api:unmute_tag": mine("ends the mute of a tag"),
    "api:get_avatar": program(page()),
    "api:set_avatar": mine("sets one's own picture"),
    "api:remove_avatar": mine("removes one's own picture"),
    "api:create_medium": mine("keeps a file of one's own"),
    "api:create_post": mine("shares files of one's own: tests/api/test_writing.py sends those of others"),
    "api:edit_own_profile": mine("one's own profile"),
    "api:check_username": mine("changes nothing"),
    "api:read_notifications": mine("one's own"),
    "api:search": program(page(*(f"?type={kind}&q=planted00" for kind in ("users", "tags", "places")), POSTS_ASKED)),
    # One's own
    "posts:collection_new": form(),
    "posts:hidden_words": form(),
    "feed:follow_tag": mine("follows a tag, which is nobody's"),
    "feed:unfollow_tag": mine("follows a tag no more"),
    "feed:mute_tag": mine("mutes a tag, which is nobody's"),
    "feed:unmute_tag": mine("mutes a tag no more"),
    "social:like_counts": mine("says whether one is told how many like posts"),
    "social:who_may_tag": mine("says who may tag oneself"),
    "accounts:username": form(),
    "accounts:deactivate": form(),
    "accounts:delete": form(),
    "accounts:keep": form(),
    "api_access:tokens": form(),
    "accounts:mobile": form(),
    "accounts:confirm_mobile": mine("takes the code for one's own number"),
    "accounts:remove_mobile": mine("removes one's own number"),
    "api_access:revoke_token": mine("revokes a token of the user; others get 404 (tests/api_access/test_tokens.py)"),
    "api_access:apps": form(),
    "api_access:revoke_app": mine("revokes an app of the user (tests/api_access/test_oauth.py)"),
    "api_access:own_apps": form(),
    "api_access:own_app": form(app_id=1 << 60),
    "api_access:rotate_app_secret": mine("changes an app of the user; others get 404 (tests/api_access/test_oauth.py)"),
    "api_access:remove_app": form(app_id=1 << 60),
    "oauth_authorize": form(),
    "oauth_token": mine("called by apps, which authenticate (tests/api_access/test_oauth.py)"),
    "oauth_revoke": mine("asked by apps, likewise"),
    "oauth_metadata": form(),
    "accounts:export": form(),
    "accounts:export_file": form(export_id=1 << 60),
    "notifications:read": mine("marks one's own as read"),
    "notifications:preferences": form(),
    "social:privacy": form(),
    "social:go_private": form(),
    "social:go_public": form(),
    "social:requests": page(),
    "social:approve_all": mine("answers the requests to oneself"),
    "social:refuse_all": mine("answers the requests to oneself"),
    "social:close_friends": page("", *SEARCHES[:4]),
    "social:blocked": page(),
    "social:muted": page(),
    "social:restricted": page(),
    "accounts:settings": form(),
    "accounts:edit": form(),
    "accounts:remove_avatar": mine("removes one's own picture"),
    "accounts:username_available": page("?username=planted0005"),
    "accounts:theme": mine("sets a cookie"),
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
