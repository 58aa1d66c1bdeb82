"""`manage.py seed_scale` fills a scratch database with right counters, and leaves others alone."""

from __future__ import annotations

import gzip
import io
import re

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import Count

from accounts.models import User
from posts.models import Comment, Hashtag, Like, Media, Post, PostHashtag
from social.models import Follow

pytestmark = pytest.mark.django_db(transaction=True)

SMALL = {"people": 60, "posts": 90, "follows": 600, "likes": 500, "comments": 80, "photos": 1}


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def seed(output: io.StringIO | None = None, **options) -> str:
    output = output or io.StringIO()
    call_command("seed_scale", stdout=output, **SMALL | options)
    return output.getvalue()


def definitions() -> dict[str, str]:
    """Return all indexes and constraints of the database.

    Without casts of texts: PostgreSQL shows them differently for an index that was made from its own definition.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conrelid::regclass || '.' || conname, pg_get_constraintdef(oid) || convalidated FROM pg_constraint"
            " UNION SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'"
        )
        return {name: re.sub(r"::(?:text|character varying)(?:\[\])?|[()]", "", text) for name, text in cursor}


def test_all_counters_equal_the_rows():
    seed()

    assert (User.objects.count(), Post.objects.count()) == (60, 90)
    assert (Follow.objects.count(), Like.objects.count(), Comment.objects.count()) == (600, 500, 80)
    assert Media.objects.values("post_id").distinct().count() == 90
    for person in User.objects.annotate(
        followers=Count("follows_received", distinct=True),
        followees=Count("follows_made", distinct=True),
        shared=Count("posts", distinct=True),
    ):
        counts = (person.folded_followers, person.folded_following, person.folded_posts)
        assert counts == (person.followers, person.followees, person.shared)
    for post in Post.objects.annotate(liked=Count("likes", distinct=True), commented=Count("comments", distinct=True)):
        assert (post.folded_likes, post.folded_comments) == (post.liked, post.commented)
    uses = dict(PostHashtag.objects.values_list("hashtag_id").annotate(Count("pk")))
    assert {tag.pk: tag.folded_uses for tag in Hashtag.objects.filter(folded_uses__gt=0)} == uses


def test_followers_and_followees_are_unequal():
    """Followers and followees follow power laws: the largest numbers are many times the median."""
    seed(people=400, follows=4_000, posts=0, likes=0, comments=0)

    for field in ("folded_followers", "folded_following"):
        counts = sorted(User.objects.values_list(field, flat=True))
        assert counts[-1] > 5 * counts[200]


def test_indexes_constraints_and_shards_are_as_before():
    before = definitions()

    seed()

    assert definitions() == before
    with connection.cursor() as cursor:
        cursor.execute("SHOW session_replication_role")
        assert cursor.fetchone() == ("origin",)
    mask = ((1 << 13) - 1) << 10
    assert all(post.pk & mask == post.author_id & mask for post in Post.objects.all())
    assert all(like.pk & mask == like.liker_id & mask for like in Like.objects.all())


def test_pages_and_photos_can_be_opened(signed_in):
    seed()
    person = User.objects.filter(is_private=False, folded_posts__gt=0).latest("folded_followers")
    post = person.posts.latest("pk")
    client = signed_in(User.objects.exclude(pk=person.pk).latest("folded_following"))

    for path in ("/", "/explore/", person.get_absolute_url(), post.get_absolute_url()):
        assert client.get(path).status_code == 200
    medium = post.media.get()
    assert client.get(medium.src).status_code == 200
    assert medium.alt in client.get(post.get_absolute_url()).text


def test_running_it_again_replaces_its_content():
    seed()
    seed(people=30, posts=10, follows=100, likes=20, comments=0)

    assert (User.objects.count(), Post.objects.count(), Follow.objects.count()) == (30, 10, 100)


def test_a_database_with_other_people_is_left_alone(person):
    anna = person("anna")

    with pytest.raises(CommandError, match="1 people who were not made by this command"):
        seed()

    assert list(User.objects.all()) == [anna]


def test_force_adds_to_other_people(person, share):
    anna = person("anna")
    post = share(anna, caption="Mine #own")

    seed(force=True)

    assert User.objects.count() == 61
    assert Post.objects.get(author=anna) == post
    with pytest.raises(CommandError, match="beside others"):
        seed(force=True)


def test_production_is_refused_without_force(settings):
    settings.PRODUCTION = True

    with pytest.raises(CommandError, match="production"):
        seed()


@pytest.mark.parametrize("name", ["edges.csv", "edges.csv.gz"])
def test_a_graph_can_come_from_a_file(tmp_path, name):
    path, text = tmp_path / name, "follower,followee\n9,7\n9,8\n7,9\n9,8\n8,8\n"
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())

    seed(graph=path, follows=None, people=3, likes=3)

    order = {pk: number for number, pk in enumerate(User.objects.order_by("pk").values_list("pk", flat=True))}
    pairs = {(order[follow.follower_id], order[follow.followee_id]) for follow in Follow.objects.all()}
    assert pairs == {(0, 1), (0, 2), (1, 0)}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"people": 0}, "Numbers must be positive"),
        ({"posts": -1}, "Numbers must be positive"),
        ({"follows": 2_000}, "can't have 2,000 different follows"),
        ({"likes": 2_000}, "can't have 2,000 likes"),
        ({"posts": 0, "likes": 0}, "Comments need posts"),
        ({"graph": "edges.csv"}, "exclude each other"),
    ],
)
def test_impossible_numbers_are_refused(options, message):
    with pytest.raises(CommandError, match=message):
        seed(**options)

    assert not User.objects.exists()


@pytest.mark.parametrize(
    ("text", "message"), [("1,2\n3,x\n", "line 2: '3,x' is not a pair"), ("", "no edges"), (None, "can't be read")]
)
def test_a_file_that_is_no_graph_is_refused(tmp_path, text, message):
    path = tmp_path / "edges.csv"
    if text is not None:
        path.write_text(text)

    with pytest.raises(CommandError, match=message):
        seed(graph=path, follows=None)


@pytest.mark.parametrize(
    ("code", "message"),
    [("53100", "disk of PostgreSQL is full, and nothing was changed"), ("23505", "refused a row")],
)
def test_an_error_in_the_middle_changes_nothing(code, message):
    seed()
    kept = set(User.objects.values_list("pk", flat=True))
    before = definitions()
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            f" RAISE EXCEPTION 'no space left' USING ERRCODE = '{code}'; END $$;"
            "CREATE TRIGGER fails BEFORE INSERT ON posts_comment FOR EACH ROW EXECUTE FUNCTION fail();"
            "ALTER TABLE posts_comment ENABLE ALWAYS TRIGGER fails"
        )
    try:
        with pytest.raises(CommandError, match=message):
            seed(people=20, posts=10, follows=50, likes=10, comments=5)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TRIGGER fails ON posts_comment; DROP FUNCTION fail()")

    assert set(User.objects.values_list("pk", flat=True)) == kept
    assert definitions() == before


def test_a_terminal_shows_a_bar_and_a_log_does_not():
    log, screen = seed(), seed(Terminal())

    assert "\r" not in log
    assert "60 people, 600 follows" in log
    assert "Done in" in log
    assert "█" in screen
