"""Measure search among a million people and five million posts: milliseconds by kind of query, cold and warm.

`python -m bench.search [--people 1000000] [--posts 5000000] [--seconds 10]`. Starts its own PostgreSQL, fills it
with bulk SQL (names and words as unevenly spread as real ones, by Zipf's law; triggers are off meanwhile, and the
documents are made by the function that they call), and sends the site's own queries. A query is cold when it is the
first of its kind after a restart of PostgreSQL; the file cache of the system stays. Prints p50 and p95 of each kind and
EXPLAIN of the slowest statement.

Goals: p95 below 15 ms for people as one types, below 40 ms for posts, and no more than twice as much with fifty times
the posts. Five million posts take some 12 GB below the temporary folder and an hour.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.scratch import scratch_site

FIRST = (  # noqa: SIM905  (a list of words reads better as text)
    "anna maria james john robert michael david emma olivia sophia liam noah lucas mia ella zoë josé andré"
    " françois søren björn łukasz siân ana luis carlos juan pedro sofia martina giulia marco luca matteo elena"
    " natasha ivan сергей анна мария дмитрий наталья ελένη γιώργος 山田 佐藤 鈴木 wei li ming mohammed ahmed fatima"
    " aisha priya rahul arjun ananya chen yuki haruto kim minjun thomas felix leon paul jonas hannah lena lea"
    " clara charlotte emily grace chloe isabella harper amelia evelyn abigail jack oliver harry george noor omar"
    " yusuf leila sara nina"
).split()
LAST = (  # noqa: SIM905  (a list of words reads better as text)
    "smith johnson williams brown jones garcia miller davis rodriguez martinez hernandez lopez gonzalez wilson"
    " anderson thomas taylor moore jackson martin lee perez thompson white harris sanchez clark ramirez lewis"
    " robinson müller schmidt schneider fischer weber meyer wagner becker schulz hoffmann koch bauer richter"
    " klein wolf novak kowalski nowak wiśniewski wójcik ivanov petrov sidorov kuznetsov popov papadopoulos rossi"
    " russo ferrari esposito bianchi romano silva santos oliveira souza tanaka watanabe ito nakamura wang zhang"
    " liu yang nguyen tran kaur singh"
).split()
TOPICS = (  # noqa: SIM905  (a list of words reads better as text)
    "morning light sunset coffee beach mountain city street food travel love happy friends family dog cat snow"
    " rain garden flower music dance art design book summer winter spring autumn weekend vintage film portrait"
    " nature sky sea river forest bridge train bicycle market bread cake tea wine fashion style workout yoga"
    " running football"
).split()
SYLLABLES = (  # noqa: SIM905  (a list of words reads better as text)
    "ba be bi bo da de fa ga ho ja ka ki ko la le lo ma me mi mo na ne no pa ra re ri ro sa se shi ta te to va zu"
).split()


def words(number: int) -> list[str]:
    """Return words by rank for Zipf's law: the topics first, then generated words."""
    rng = random.Random(3)
    found = dict.fromkeys(TOPICS)
    while len(found) < number:
        found["".join(rng.choices(SYLLABLES, k=rng.randint(2, 4)))] = None
    return list(found)


def fill(people: int, posts: int) -> None:
    from django.db import connection

    from common.search_words import MAX_WORDS_CHARS

    vocabulary = words(20_000)
    with connection.cursor() as cursor:

        def run(what: str, sql: str, values: Any = None) -> None:
            began = time.monotonic()
            cursor.execute(sql, values)
            print(f"  {what}: {time.monotonic() - began:.0f} s", flush=True)

        cursor.execute("SET session_replication_role = replica; SET synchronous_commit = off; SELECT setseed(0.5)")
        cursor.execute(
            "CREATE TEMP TABLE word AS SELECT * FROM unnest(%s) WITH ORDINALITY AS word (text, rank)", [vocabulary]
        )
        cursor.execute("CREATE UNIQUE INDEX ON word (rank); ANALYZE word")
        # A rank by Zipf's law: e to the power of (a random fraction of the logarithm of the number of words).
        zipf = "(exp(random() * ln({}))::int)"
        run(
            "people",
            f"""
            INSERT INTO accounts_user (username, email, name, password, bio, link, is_superuser, is_staff,
                folded_followers, avatar, avatar_original, avatar_state, avatar_error, avatar_attempts,
                suspended_reason, session_epoch,
                is_private, who_may_tag, last_seen_at, follows_version, folded_following, folded_posts)
            SELECT username, username || '@example.org', name, '!', '', '', false, false,
                floor(1000000 / (n ^ 1.1))::int, '{{}}', '', '', '', 0, '', '', n %% 10 = 3, 'everyone', now(), 0, 0, 0
            FROM (
                SELECT n, first || ' ' || last AS name,
                    left(regexp_replace(lower(public.unaccent(CASE WHEN octet_length(first) <> char_length(first)
                        AND octet_length(public.unaccent(first)) <> char_length(public.unaccent(first))
                        THEN 'u' ELSE first END
                        || (ARRAY['', '.', '_'])[1 + n %% 3] || last)), '[^a-z0-9._]', '', 'g'), 20) || n AS username
                FROM (SELECT n, (%(first)s::text[])[least({zipf.format(len(FIRST))}, {len(FIRST)})] AS first,
                             (%(last)s::text[])[least({zipf.format(len(LAST))}, {len(LAST)})] AS last
                      FROM generate_series(1, %(people)s) AS n OFFSET 0) AS named
            ) AS made
            """,
            {"first": FIRST, "last": LAST, "people": people},
        )
        cursor.execute(
            "CREATE TEMP TABLE p AS"
            " SELECT row_number() OVER (ORDER BY folded_followers DESC) AS n, id FROM accounts_user"
        )
        cursor.execute("CREATE UNIQUE INDEX ON p (n); ANALYZE p")
        run(
            "follows",
            f"""
            INSERT INTO social_follow (id, follower_id, followee_id, was_asked)
            SELECT snowflake_id(), one.id, other.id, false
            FROM (SELECT DISTINCT 1 + n %% 2000 AS a, least({zipf.format(people)}, {people}) AS b
                  FROM generate_series(1, 300000) AS n) AS pair
            JOIN p AS one ON one.n = ({people} - pair.a) JOIN p AS other ON other.n = pair.b WHERE one.id <> other.id
            """,
            [],
        )
        cursor.execute("CREATE TEMP TABLE captions (n int, caption text)")
        run(
            "captions",
            f"""
            INSERT INTO captions
            SELECT n, string_agg(CASE WHEN r < 0.12 THEN '#' ELSE '' END || word.text, ' ') FROM (
                SELECT n, random() AS r, least({zipf.format(20_000)}, 20000) AS rank
                FROM generate_series(1, %s) AS n, LATERAL generate_series(1, 4 + n %% 17) AS i OFFSET 0
            ) AS drawn JOIN word USING (rank) GROUP BY n
            """,
            [posts],
        )
        run(
            "posts",
            f"""
            INSERT INTO posts_post (id, author_id, caption, location, version, audience, comments_off, hide_likes,
                unlinked, published_at, fanned_out_at, removed_reason, folded_likes, folded_comments, archived_at)
            SELECT snowflake_id(made.at, (made.n %% 8192)::int), author.id, made.caption,
                CASE WHEN made.n %% 3 = 0 THEN initcap(place.text) || ', ' || initcap(city.text) ELSE '' END, 1,
                'everyone', false, false, '{{}}', made.at, made.at, '', made.n %% 100, 0,
                CASE WHEN made.n %% 50 = 0 THEN made.at END
            FROM (
                SELECT n, caption, least({zipf.format(people)}, {people}) AS author_rank,
                    least({zipf.format(3_000)}, 3000) AS place_rank,
                    1 + n %% 40 AS city_rank,
                    now() - interval '320 days' * (1 - n::float / %s) AS at
                FROM captions OFFSET 0
            ) AS made
            JOIN p AS author ON author.n = made.author_rank
            JOIN word AS place ON place.rank = made.place_rank
            JOIN word AS city ON city.rank = made.city_rank ORDER BY made.n
            """,
            [posts],
        )
        run(
            "media",
            """
            INSERT INTO posts_media (post_id, owner_id, position, kind, alt, original, original_name, width, height,
                duration_ms, edits, captions, state, error, progress, attempts, queued_at, renditions, video,
                renderer, placeholder)
            SELECT id, author_id, 0, CASE WHEN id % 7 = 0 THEN 'video' ELSE 'photo' END,
                CASE WHEN id % 4 = 0 THEN 'A photograph of a ' || split_part(caption, ' ', 2) ELSE '' END,
                'aa/bb/c.jpg', '',
                1440, 1080, 0, '{}', '', 'ready', '', 0, 1, now(), '[]', '{}', 1, ''
            FROM posts_post
            """,
        )
        run(
            "tags",
            """
            INSERT INTO posts_hashtag (name) SELECT text FROM word;
            INSERT INTO posts_posthashtag (post_id, hashtag_id)
            SELECT DISTINCT post.id, tag.id FROM posts_post AS post,
                regexp_matches(post.caption, '#([a-z]+)', 'g') AS found
                JOIN posts_hashtag AS tag ON tag.name = found[1];
            UPDATE posts_hashtag SET folded_uses = uses.count
            FROM (SELECT hashtag_id, count(*) FROM posts_posthashtag GROUP BY 1) AS uses
            WHERE hashtag_id = posts_hashtag.id
            """,
        )
        cursor.execute("ANALYZE")
        cursor.execute("DROP INDEX posts_by_words")
        began = time.monotonic()
        # Insert the places first; otherwise the threads that make documents would wait for each other's rows.
        cursor.execute(
            "INSERT INTO search_place (words) SELECT DISTINCT left(' ' || search_words(location), %s)"
            " FROM (SELECT DISTINCT location FROM posts_post WHERE location <> '') AS named",
            [MAX_WORDS_CHARS],
        )
        cursor.execute(
            "SELECT min(id), max(id) FROM (SELECT id, row_number() OVER (ORDER BY id) / 20000 AS batch FROM posts_post)"
            " AS numbered GROUP BY batch"
        )
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(make_documents, cursor.fetchall()))
        print(f"  documents: {time.monotonic() - began:.0f} s", flush=True)
        cursor.execute(
            """
            UPDATE search_place SET folded_uses = uses.count
            FROM (SELECT place_id, count(*) FROM search_postdocument GROUP BY 1) AS uses
            WHERE place_id = search_place.id
            """
        )
        run(
            "index of documents",
            "SET maintenance_work_mem = '512MB'; CREATE INDEX posts_by_words ON search_postdocument"
            " USING gin (document) WITH (fastupdate = off)",
        )
        cursor.execute("SET session_replication_role = origin")
        run("vacuum", "VACUUM ANALYZE")


def make_documents(ids: tuple[int, int]) -> None:
    """Make the documents of the posts from the first to the last id, on a separate connection for this thread."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica; SET synchronous_commit = off")
        cursor.execute("SELECT count(search_index_post(id)) FROM posts_post WHERE id BETWEEN %s AND %s", ids)
    connection.close()


# --- Asking -----------------------------------------------------------------------------------------------------------


@dataclass
class Kind:
    name: str
    goal_ms: float
    ask: Callable[[str], object]
    queries: Sequence[str]
    cold: list[float] = field(default_factory=list)
    warm: list[float] = field(default_factory=list)
    slowest: tuple[float, str] = (0.0, "")


def kinds() -> list[Kind]:
    from accounts.models import User
    from posts.models import Post
    from search import tags_and_places
    from search.posts import find_posts, with_posts
    from search.query import read_query
    from social.search import find_people, shown_people

    readers = list(User.objects.filter(follows_made__isnull=False).distinct()[:50])
    rng = random.Random(5)
    vocabulary = words(20_000)

    def people(text: str) -> object:
        viewer = rng.choice(readers)
        return shown_people(User.objects.for_display(), find_people(text, viewer, wanted=6)[:6], viewer)

    def all_people(text: str) -> object:
        viewer = rng.choice(readers)
        return shown_people(User.objects.for_display(), find_people(text, viewer)[:31], viewer)

    def posts(text: str) -> object:
        viewer = rng.choice(readers)
        return with_posts(Post.objects.only("pk"), find_posts(read_query(text), viewer).posts[:25])

    def tags(text: str) -> object:
        viewer = rng.choice(readers)
        found = tags_and_places.find_tags(read_query(text), viewer)[:3]
        return tags_and_places.shown_tags(found, viewer, count_up_to=tags_and_places.MAX_COUNTED_QUICKLY)

    def places(text: str) -> object:
        viewer = rng.choice(readers)
        found = tags_and_places.find_places(read_query(text), viewer)[:3]
        return tags_and_places.shown_places(found, viewer, count_up_to=tags_and_places.MAX_COUNTED_QUICKLY)

    def typo(word: str) -> str:
        at = rng.randrange(1, max(2, len(word) - 1))
        return rng.choice(
            [
                word[:at] + word[at + 1 :],
                word[:at] + rng.choice("aeiort") + word[at:],
                word[:at] + rng.choice("aeiort") + word[at + 1 :],
            ]
        )

    names = [name for name in FIRST + LAST if len(name) > 2]
    beginnings = [name[: rng.randint(1, len(name))] for name in names for _ in range(2)]
    both = [f"{rng.choice(FIRST)} {rng.choice(LAST)[: rng.randint(1, 5)]}" for _ in range(100)]
    usernames = list(User.objects.order_by("?").values_list("username", flat=True)[:100])
    some = vocabulary[:60] + rng.sample(vocabulary, 60)
    common = vocabulary[:60]
    return [
        Kind("people, as one types", 15, people, beginnings),
        Kind("people, two words", 15, people, both),
        Kind("people, a username", 15, people, usernames),
        Kind("people, with a typo", 15, people, [typo(name) for name in names if len(name) > 4]),
        Kind("people, the tab", 40, all_people, beginnings),
        Kind("posts, one word", 40, posts, some),
        Kind("posts, two words", 40, posts, [f"{rng.choice(common)} {rng.choice(some)}" for _ in range(100)]),
        Kind("posts, a phrase", 40, posts, [f'"{rng.choice(common)} {rng.choice(common)}"' for _ in range(60)]),
        Kind("posts, without", 40, posts, [f"{rng.choice(common)} -{rng.choice(common)}" for _ in range(60)]),
        Kind("posts, a tag", 40, posts, [f"#{word}" for word in some]),
        Kind("posts, from somebody", 40, posts, [f"from:{name} {rng.choice(common)}" for name in usernames]),
        Kind(
            "posts, of a month",
            40,
            posts,
            [f"{rng.choice(common)} after:2026-0{rng.randint(2, 8)} before:2026-09" for _ in range(60)],
        ),
        Kind("posts, videos", 40, posts, [f"has:video {word}" for word in some]),
        Kind("posts, nothing", 40, posts, [f"{word}x" for word in some]),
        Kind("tags, as one types", 40, tags, [word[: rng.randint(1, 5)] for word in some]),
        Kind("places, as one types", 40, places, [word[: rng.randint(1, 5)] for word in some]),
    ]


def measure(kind: Kind, seconds: float) -> None:
    """Send each query once (cold), then random ones of them for `seconds` (warm), and print the times."""
    from common.search_words import split_words

    rng = random.Random(9)
    queries = list(kind.queries)
    rng.shuffle(queries)
    for text in queries:
        kind.cold.append(timed(kind, text))
    until = time.monotonic() + seconds
    while time.monotonic() < until or len(kind.warm) < 30:
        split_words.cache_clear()
        kind.warm.append(timed(kind, rng.choice(queries)))


def timed(kind: Kind, text: str) -> float:
    began = time.perf_counter()
    kind.ask(text)
    took = (time.perf_counter() - began) * 1000
    if took > kind.slowest[0] and kind.warm:
        kind.slowest = (took, text)
    return took


def explain(kind: Kind) -> None:
    """Return EXPLAIN ANALYZE of the slowest statement of the slowest query."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from common.search_words import LIKENESS

    kind.ask(kind.slowest[1])
    with CaptureQueriesContext(connection) as done:
        kind.ask(kind.slowest[1])
    worst = max(done.captured_queries, key=lambda one: float(one["time"]))
    print(f"\n--- {kind.name}: {kind.slowest[1]!r}, {kind.slowest[0]:.1f} ms; its slowest statement, {worst['time']} s")
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('pg_trgm.word_similarity_threshold', %s, false)", [str(LIKENESS)])
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, SUMMARY OFF) {worst['sql']}")
        print("\n".join(row[0] for row in cursor.fetchall()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--posts", type=int, default=5_000_000)
    parser.add_argument("--seconds", type=float, default=10, help="for each kind, warm")
    parser.add_argument("--explain", action="store_true", help="of every kind, not only of those above their goal")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="fill a database there once, and ask it again")
    options = parser.parse_args()

    with scratch_site(keep=options.keep, durable=True) as site:
        filled = site.data_dir / "filled"
        if not filled.exists():
            print(f"filling: {options.people:,} people, {options.posts:,} posts")
            fill(options.people, options.posts)
            filled.touch()
        site.restart_postgres()
        found = kinds()
        print(f"\n{'':24}{'cold p50':>10}{'p95':>8}{'warm p50':>10}{'p95':>8}{'goal':>8}   milliseconds")
        for kind in found:
            measure(kind, options.seconds)
            cold, warm = (statistics.quantiles(times, n=20) for times in (kind.cold, kind.warm))
            print(
                f"{kind.name:24}{cold[9]:10.1f}{cold[18]:8.1f}{warm[9]:10.1f}{warm[18]:8.1f}{kind.goal_ms:8.0f}",
                flush=True,
            )
        for kind in found:
            if options.explain or statistics.quantiles(kind.warm, n=20)[18] > kind.goal_ms:
                explain(kind)


if __name__ == "__main__":
    main()
