"""Measure every page: CPU of the application in one process, SQL statements and kilobytes.

`python -m bench.pages [--times 10]`. Each page is requested through the whole stack of middleware, without a network,
by a reader who has what the page shows. CPU is the least of 7 batches (`process_time`), which other work on the
machine disturbs least; PostgreSQL and Valkey are not included.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from typing import Any

from bench.home import counted_statements
from bench.home_data import Session, Site, Size, filled_site
from bench.report import Table

GOALS = {"profile": 2.0, "post": 2.0, "Explore": 2.0, "tag": 2.0, "notifications": 3.0, "settings": 2.0, "home": 1.2}
"""Milliseconds of application CPU."""
HTMX = {"HX-Request": "true"}


def prepare(site: Site) -> tuple[str, str, str, int]:
    """Give the first reader something for each page; return a post, its author, a tag, and a collection."""
    from django.utils import timezone

    from accounts.models import User
    from notifications.actions import record_event
    from notifications.causes import events_for_comment, events_for_follow, events_for_like
    from posts.actions.comments import add_comment
    from posts.actions.likes import like_post
    from posts.actions.saves import create_collection, put_in_collection, save_post
    from posts.models import Hashtag, Like, Media, Post, PostHashtag
    from social.actions.close_friends import add_close_friend
    from social.actions.mutes import mute
    from social.models import Follow, FollowRequest

    reader = User.objects.get(pk=site.readers[0].person_id)
    others = list(User.objects.filter(pk__in=[one.person_id for one in site.readers[1:]]).order_by("pk")[:30])
    post = Post.objects.visible_to(reader).filter(author__in=reader.follows_made.values("followee")).latest("pk")
    tag, _ = Hashtag.objects.get_or_create(name="bench")
    newest = list(Post.objects.order_by("-pk")[:200])
    PostHashtag.objects.bulk_create(PostHashtag(post=one, hashtag=tag) for one in newest)
    own = Post.objects.create(author=reader, caption="Mine", published_at=timezone.now(), fanned_out_at=timezone.now())
    medium = post.media.first()
    Media.objects.create(
        post=own, owner_id=reader.pk, width=1440, height=1080, state="ready", renditions=medium.renditions,
        original="aa/bb/c.jpg",
    )  # fmt: skip
    collection = create_collection(owner=reader, name="Kept")
    for one in newest[:30]:
        save_post(one, person=reader)
    put_in_collection(newest[0], person=reader, collection=collection)
    for other in others:
        for liked in (own, post):
            like_post(liked, liker=other)
        add_comment(own, author=other, text="Lovely!")
        add_comment(post, author=other, text="Where is this?")
        FollowRequest.objects.create(requester=other, target=reader)
    for follower in others[:10]:
        FollowRequest.objects.filter(requester=follower).delete()
        for event in events_for_follow(Follow.objects.create(follower=follower, followee=reader)):
            record_event(event)
    for like in Like.objects.filter(post=own).select_related("post"):
        for event in events_for_like(like):
            record_event(event)
    for comment in own.comments.select_related("post", "parent"):
        for event in events_for_comment(comment):
            record_event(event)
    add_close_friend(reader, friend=others[0])
    mute(reader, muted=others[1])
    User.objects.filter(pk=reader.pk).update(is_private=True)
    return post.shortcode, post.author.username, "bench", collection.pk


def addresses(site: Site) -> dict[str, tuple[str, dict[str, str]]]:
    """Return the address and headers of each page by its name."""
    from django.urls import reverse

    shortcode, author, tag, collection = prepare(site)
    me = site.readers[0].username
    pages = {
        "home": reverse("feed:home"),
        "profile": reverse("feed:profile", args=[author]),
        "own profile": reverse("feed:profile", args=[me]),
        "tagged": reverse("feed:tagged", args=[author]),
        "followers": reverse("social:followers", args=[author]),
        "following": reverse("social:following", args=[me]),
        "post": reverse("posts:post", args=[shortcode]),
        "likers": reverse("posts:likers", args=[shortcode]),
        "Explore": reverse("feed:explore"),
        "suggestions": reverse("feed:suggested"),
        "tag": reverse("feed:tag", args=[tag]),
        "notifications": reverse("notifications:page"),
        "search, people": reverse("search:search") + "?q=author1&tab=accounts",
        "search, posts": reverse("search:search") + "?q=series&tab=posts",
        "search as you type": reverse("search:suggest") + "?q=auth",
        "saved": reverse("posts:saved"),
        "collection": reverse("posts:collection", args=[collection]),
        "archive": reverse("feed:archive"),
        "create": reverse("posts:create"),
        "settings": reverse("accounts:settings"),
        "edit profile": reverse("accounts:edit"),
        "privacy": reverse("social:privacy"),
        "requests": reverse("social:requests"),
        "close friends": reverse("social:close_friends"),
        "muted": reverse("social:muted"),
        "blocked": reverse("social:blocked"),
        "followed tags": reverse("feed:followed_tags"),
        "notification settings": reverse("notifications:preferences"),
        "tokens": reverse("api_access:tokens"),
    }
    return {name: (path, HTMX if "type" in name else {}) for name, path in pages.items()}


def cpu_ms(client: Any, path: str, headers: dict[str, str], *, times: int, batches: int) -> float:
    """Return CPU milliseconds of a request: the least mean of the batches of `times`."""
    best = float("inf")
    for _ in range(batches):
        began = time.process_time()
        for _ in range(times):
            client.get(path, headers=headers)
        best = min(best, (time.process_time() - began) / times * 1000)
    return best


def client_of(session: Session) -> Any:
    from django.conf import settings
    from django.test import Client

    client = Client(headers={"host": "localhost"})
    client.cookies[settings.SESSION_COOKIE_NAME] = session.key
    return client


def rows(site: Site, *, times: int, batches: int, warm_ups: int) -> Iterator[list[str]]:
    from django.test import Client

    visitor = Client(headers={"host": "localhost"})
    member = client_of(site.readers[0])
    pages = [(name, member, *page) for name, page in addresses(site).items()]
    paths = {name: path for name, _, path, _ in pages}
    pages += [(f"{name}, a visitor", visitor, paths[name], {}) for name in ("home", "profile", "post", "Explore")]
    pages += [("baseline: /healthz", visitor, "/healthz", {})]
    for name, client, path, headers in pages:
        for _ in range(warm_ups):
            response = client.get(path, headers=headers)
            assert response.status_code == 200, (name, path, response.status_code)
        with counted_statements() as sent:
            response = client.get(path, headers=headers)
        goal = GOALS.get(name)
        yield [
            name,
            f"{cpu_ms(client, path, headers, times=times, batches=batches):.2f}",
            f"{goal:.1f}" if goal else "",
            str(len(sent)),
            f"{len(response.content) / 1024:.1f}",
        ]


def measure(site: Site, *, times: int = 10, batches: int = 7, warm_ups: int = 3) -> list[Table]:
    table = Table(
        "All pages",
        ["page", "application ms", "goal", "SQL statements", "KB"],
        "Signed in unless it says otherwise, in one process and without a network: CPU milliseconds of the application,"
        f" the least of {batches} batches of {times}. The home page's goal is for the process under load (above).",
    )
    for row in rows(site, times=times, batches=batches, warm_ups=warm_ups):
        table.rows.append(row)
        print(" | ".join(row), flush=True)
    return [table]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=10, help="requests of a batch (10)")
    options = parser.parse_args()
    with filled_site(Size(readers=200)) as site:
        for table in measure(site, times=options.times):
            table.print()


if __name__ == "__main__":
    main()
