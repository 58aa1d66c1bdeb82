"""Measure the cost of the visibility rule: lists with `visible_to` and without it, by EXPLAIN ANALYZE.

`python -m bench.visibility [--people 50000] [--posts 200000] [--follows 500000] [--plans]`. Starts its own PostgreSQL
and fills it with SQL. Times are those of the database alone, planning and execution, without sending rows; `--plans`
prints the slowest plan of each.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
from collections.abc import Callable
from typing import Any

from bench.scratch import scratch_site

READERS = 30

FILL = """
-- Without triggers: rows of a benchmark need no shard, and nothing refuses them.
SET session_replication_role = replica;
SELECT setseed(0.5);
INSERT INTO accounts_user (id, username, email, name, bio, link, password, is_superuser, is_staff, is_private, avatar,
    avatar_original, avatar_state, avatar_error, avatar_attempts, suspended_at, suspended_reason, session_epoch,
    deactivated_at, last_seen_at, follows_version, folded_followers, folded_following, folded_posts{more_columns})
SELECT n, 'person' || n, 'person' || n || '@example.org', 'Person ' || n, '', '', '!', false, false, n % 10 = 3,
    '{{}}', '', '', '', 0, CASE WHEN n % 100 = 7 THEN now() END, '', '',
    CASE WHEN n % 200 = 9 THEN now() END, now(), 0, 0, 0, 1{more_values}
FROM generate_series(1, {people}) AS n;
-- Ten authors have a hundredth of all follows each; the others, and who follows, are even.
INSERT INTO social_follow (follower_id, followee_id)
SELECT one, other FROM (
    SELECT 1 + floor(random() * {people}) AS one,
        CASE WHEN n % 10 = 0 THEN 10 * (1 + n / 10 % 10) ELSE 1 + floor(random() * {people}) END AS other
    FROM generate_series(1, {follows}) AS n) AS pair
WHERE one <> other ON CONFLICT DO NOTHING;
-- A hundred readers have blocked five hundred people each; the others one.
INSERT INTO social_block (blocker_id, blocked_id)
SELECT one, other FROM (
    SELECT CASE WHEN n > {people} THEN 1 + n % 100 ELSE 1 + floor(random() * {people}) END AS one,
        1 + floor(random() * {people}) AS other
    FROM generate_series(1, {people} + 50000) AS n) AS pair
WHERE one <> other ON CONFLICT DO NOTHING;
INSERT INTO social_mute (muter_id, muted_id)
SELECT one, other FROM (
    SELECT 1 + floor(random() * {people}) AS one, 1 + floor(random() * {people}) AS other
    FROM generate_series(1, {people})) AS pair
WHERE one <> other ON CONFLICT DO NOTHING;
INSERT INTO social_closefriend (owner_id, friend_id)
SELECT one, other FROM (
    SELECT 1 + floor(random() * {people}) AS one, 1 + floor(random() * {people}) AS other
    FROM generate_series(1, {people})) AS pair
WHERE one <> other ON CONFLICT DO NOTHING;
-- A hundred authors have a tenth of all posts.
INSERT INTO posts_post (id, author_id, caption, location, version, audience, published_at, fanned_out_at, archived_at,
    removed_reason, folded_likes, folded_comments{more_post_columns})
SELECT snowflake_id(now() - random() * interval '90 days', n % 8192),
    CASE WHEN n % 10 = 0 THEN 1 + n / 10 % 100 ELSE 1 + floor(random() * {people}) END, 'Number ' || n || ' #bench', '',
    1, CASE WHEN n % 20 = 3 THEN 'close_friends' ELSE 'everyone' END, now(), now(), CASE WHEN n % 50 = 7 THEN now() END,
    '', floor(exp(random() * 9)), 0{more_post_values}
FROM generate_series(1, {posts}) AS n ON CONFLICT DO NOTHING;
INSERT INTO posts_hashtag (name) VALUES ('bench');
INSERT INTO posts_posthashtag (post_id, hashtag_id) SELECT post.id, tag.id
FROM posts_post AS post, posts_hashtag AS tag;
INSERT INTO posts_comment (post_id, author_id, text, hidden_until_approved, removed_reason{more_comment_columns})
SELECT CASE WHEN n % 20 = 0 THEN (SELECT id FROM posts_post WHERE audience = 'everyone' AND archived_at IS NULL
                                  AND author_id = 10 ORDER BY id DESC LIMIT 1)
    ELSE known.ids[1 + floor(random() * array_length(known.ids, 1))] END,
    1 + floor(random() * {people}), 'Number ' || n, n % 50 = 7, ''{more_comment_values}
FROM generate_series(1, {posts}) AS n, (SELECT array_agg(id) AS ids FROM posts_post) AS known;
SET session_replication_role = origin;
"""


def columns_without_default(table: str) -> dict[str, str]:
    """Return {name: a value of its type} of the required columns that FILL does not set."""
    from django.apps import apps
    from django.db import connection

    empty = {"boolean": "false", "jsonb": "'{}'", "ARRAY": "'{}'", "character varying": "''", "text": "''"}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT column_name, data_type FROM information_schema.columns"
            " WHERE table_name = %s AND is_nullable = 'NO' AND column_default IS NULL AND column_name <> 'id'"
            " AND is_generated = 'NEVER'",
            [table],
        )
        named = FILL.split(f"INSERT INTO {table} (", 1)[1].split(")", 1)[0].replace("{", ",").replace("\n", " ")
        known = {name.strip() for name in named.split(",")}
        more = {name: empty.get(kind, "0") for name, kind in cursor.fetchall() if name not in known}
    models = [model._meta for model in apps.get_models()]  # noqa: SLF001  (Django's own, documented)
    defaults = {field.column: field.default for one in models if one.db_table == table for field in one.concrete_fields}
    return {name: f"'{defaults[name]}'" if isinstance(defaults.get(name), str) else more[name] for name in more}


def fill(people: int, posts: int, follows: int) -> None:
    from django.db import connection

    numbers: dict[str, Any] = {"people": people, "posts": posts, "follows": follows}
    for table, name in (("accounts_user", ""), ("posts_post", "post_"), ("posts_comment", "comment_")):
        more = columns_without_default(table)
        numbers[f"more_{name}columns"] = "".join(f", {column}" for column in more)
        numbers[f"more_{name}values"] = "".join(f", {value}" for value in more.values())
    with connection.cursor() as cursor:
        cursor.execute(FILL.format(**numbers))
        cursor.execute("VACUUM ANALYZE")


def pages() -> dict[str, Callable[[Any, bool], Any]]:
    """Return the query of each list for a reader, with the rule or without it."""
    from accounts.models import User
    from feed.timelines import newest_ids
    from posts.models import Comment, Post, PostHashtag
    from posts.models.post import explore_score
    from social.models import Follow

    hot_id = _most_commented()

    def posts(reader: Any, ruled: bool) -> Any:
        return Post.objects.visible_to(reader) if ruled else Post.objects.published()

    def home(reader: Any, ruled: bool) -> Any:
        found = posts(reader, ruled).filter(pk__in=newest_ids(reader, before=None, count=13))
        return (found.unmuted_by(reader) if ruled else found).for_cards(reader)

    def explore(reader: Any, ruled: bool) -> Any:
        found = posts(reader, ruled).order_by(explore_score("coarse_likes", "id").desc(), "-id")
        found = found.exclude(author_id=reader.pk) if reader.is_authenticated else found
        return (found.unmuted_by(reader) if ruled else found).for_cards(reader)[:25]

    def grid(reader: Any, ruled: bool) -> Any:
        return posts(reader, ruled).filter(author_id=20).for_cards(reader).order_by("-id")[:25]

    def tag(reader: Any, ruled: bool) -> Any:
        return posts(reader, ruled).filter(tagged__hashtag__name="bench").for_cards(reader).order_by("-id")[:25]

    def tag_count(reader: Any, ruled: bool) -> Any:
        return PostHashtag.objects.filter(hashtag__name="bench", post__in=posts(reader, ruled)).values("post_id")

    def comments(reader: Any, ruled: bool) -> Any:
        found = Comment.objects.visible_to(reader) if ruled else Comment.objects.filter(removed_at=None)
        return found.filter(post_id=hot_id).select_related("author").order_by("-id")[:21]

    def followers(reader: Any, ruled: bool) -> Any:
        found = Follow.objects.filter(followee_id=20)
        return (found.filter(follower__in=User.objects.visible_to(reader)) if ruled else found).order_by("-id")[:31]

    return {
        "home, 13 posts of a timeline": home,
        "explore, 25 tiles": explore,
        "profile grid, 25 tiles": grid,
        "tag, 25 tiles": tag,
        "tag, how many posts (all of them)": tag_count,
        "comments of a post with 10,000": comments,
        "followers, 31 people": followers,
    }


def _most_commented() -> int:
    from django.db.models import Count

    from posts.models import Comment

    row = Comment.objects.order_by().values("post_id").annotate(number=Count("pk")).order_by("-number").first()
    assert row
    return int(row["post_id"])


def explain(rows: Any) -> tuple[float, float, str]:
    """Return (planning ms, execution ms, plan)."""
    from django.db import connection

    sql, parameters = rows.query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {sql}", parameters)
        found = cursor.fetchone()[0]
    [plan] = json.loads(found) if isinstance(found, str) else found
    return plan["Planning Time"], plan["Execution Time"], json.dumps(plan["Plan"], indent=1)


def measure(*, plans: bool) -> None:
    from django.contrib.auth.models import AnonymousUser

    from accounts.models import User

    rng = random.Random(1)
    ids = rng.sample(range(101, User.objects.count()), READERS)
    readers = list(User.objects.filter(pk__in=ids))
    heavy = list(User.objects.filter(pk__in=range(1, 8)))
    print(f"{'ms, planning + execution':36}{'without':>16}{'with the rule':>16}{'slowest':>10}{'500 blocks':>16}")
    for name, query in pages().items():
        figures = {}
        for kind, who, ruled in (("without", readers, False), ("with", readers, True), ("heavy", heavy, True)):
            for reader in who[:3]:
                explain(query(reader, ruled))
            figures[kind] = [explain(query(reader, ruled)) for reader in who]
        cells = {
            kind: " + ".join(f"{statistics.median(one[part] for one in found):.2f}" for part in (0, 1))
            for kind, found in figures.items()
        }
        slowest = max(figures["with"], key=lambda one: one[1])
        print(f"{name:36}{cells['without']:>16}{cells['with']:>16}{slowest[1]:>10.2f}{cells['heavy']:>16}", flush=True)
        if plans:
            print(slowest[2])
    visitor: Any = AnonymousUser()
    for name in ("explore, 25 tiles", "profile grid, 25 tiles", "comments of a post with 10,000"):
        planning, execution, _ = explain(pages()[name](visitor, True))
        print(f"{name + ', a visitor':52}{planning:>8.2f} + {execution:.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=50_000)
    parser.add_argument("--posts", type=int, default=200_000)
    parser.add_argument("--follows", type=int, default=500_000)
    parser.add_argument("--plans", action="store_true")
    options = parser.parse_args()

    with scratch_site():
        fill(options.people, options.posts, options.follows)
        measure(plans=options.plans)


if __name__ == "__main__":
    main()
