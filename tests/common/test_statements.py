"""Statements: querysets that are compiled once, with a database function for their plan."""

import gc
from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.db.models import Value
from django.utils import timezone

from accounts.models import User
from accounts.statements import ViewerStatement
from common.compiled_queries import CompiledSubquery
from common.statements import LIMIT, Statement, create_all, find_functions
from posts.models import Post
from social.actions.blocks import block


@pytest.fixture
def statement(db):
    """Return a function that makes statements, which are forgotten after the test."""
    before = dict(Statement.registered)
    yield Statement
    Statement.registered.clear()
    Statement.registered.update(before)


@pytest.fixture
def posts_by_id(statement):
    def build(viewer, ids):
        posts = Post.objects.visible_to(User(pk=viewer)).filter(pk__any_of=ids)
        return posts.with_viewer_state(User(pk=viewer)).with_author().order_by("-id")

    made = statement("test_posts", build, viewer="bigint", ids="bigint[]")
    create_all()
    return made


def test_rows_are_those_of_the_queryset(posts_by_id, author, follower, share, django_assert_num_queries):
    posts = [share(author, caption=f"100 % of {number}") for number in range(3)]
    posts_by_id.rows(viewer=author.pk, ids=[])

    with django_assert_num_queries(1) as queries:
        found = posts_by_id.rows(viewer=follower.pk, ids=[post.pk for post in posts[:2]])

    assert posts_by_id.function in queries[0]["sql"]
    assert [post.pk for post in found] == [posts[1].pk, posts[0].pk]
    assert found[0].author.username == author.username
    assert found[0].caption == "100 % of 1"
    expected = Post.objects.visible_to(follower).with_viewer_state(follower).get(pk=posts[1].pk)
    assert {name: getattr(found[0], name) for name in expected.__dict__ if name != "_state"} == {
        name: value for name, value in expected.__dict__.items() if name != "_state"
    }


def test_each_call_has_its_own_values(posts_by_id, author, stranger, share):
    author.is_private = True
    author.save()
    post = share(author)

    assert posts_by_id.rows(viewer=stranger.pk, ids=[post.pk]) == []
    assert posts_by_id.rows(viewer=author.pk, ids=[post.pk]) == [post]


def test_without_its_function_a_statement_runs_planned(posts_by_id, post, follower, caplog):
    with connection.cursor() as cursor:
        cursor.execute(f"DROP FUNCTION {posts_by_id.function}(bigint, bigint[])")
    find_functions()
    assert posts_by_id.rows(viewer=follower.pk, ids=[post.pk]) == [post]


@pytest.mark.django_db(transaction=True)
def test_a_function_that_was_dropped_meanwhile_is_not_needed(statement, person, caplog):
    anna = person("anna")
    found = statement("test_person", lambda pk: User.objects.filter(pk=pk), pk="bigint")
    create_all()
    with connection.cursor() as cursor:
        cursor.execute(f"DROP FUNCTION {found.function}(bigint)")

    assert found.first(pk=anna.pk) == anna
    assert f"{found.function} is missing" in caplog.text


def test_every_statement_has_its_function(db):
    """`manage.py migrate` has created them, in the database that all tests copy."""
    names = find_functions()

    assert Statement.registered
    assert {name for name, statement in Statement.registered.items() if statement.function not in names} == set()


def test_functions_of_an_earlier_release_are_dropped_after_a_week(statement, db):
    old = statement("test_old", lambda viewer: User.objects.filter(pk=viewer).values_list("pk"), viewer="bigint")
    create_all()
    del Statement.registered["test_old"]

    assert create_all() == []
    assert create_all() == []
    assert old.function in find_functions()
    with connection.cursor() as cursor:
        cursor.execute(f"COMMENT ON FUNCTION {old.function} IS '{timezone.now() - timedelta(days=8):%Y-%m-%d}'")
    assert create_all() == [old.function]
    assert old.function not in find_functions()


def test_a_release_that_returns_uses_its_functions_again(statement, db):
    old = statement("test_old", lambda viewer: User.objects.filter(pk=viewer).values_list("pk"), viewer="bigint")
    create_all()
    del Statement.registered["test_old"]
    create_all()
    Statement.registered["test_old"] = old

    assert create_all() == []
    with connection.cursor() as cursor:
        cursor.execute("SELECT obj_description(oid) FROM pg_proc WHERE proname = %s", [old.function])
        assert cursor.fetchall() == [(None,)]


def test_the_text_of_a_statement_does_not_depend_on_what_was_compiled_before(db):
    """Every process compiles its statements in another order, and must find the functions that `migrate` created."""

    def functions(statements):
        # `type` and not `isinstance`: the second evaluates the lazy objects that other tests left behind.
        for compiled in [one for one in gc.get_objects() if issubclass(type(one), Statement | CompiledSubquery)]:
            for name in ("_compiled", "body", "function", "_call", "compiled"):
                compiled.__dict__.pop(name, None)
        return {statement.name: statement.function for statement in statements}

    statements = list(Statement.registered.values())

    assert functions(statements) == functions(statements[::-1])


def test_tuples_and_an_empty_list(statement, author):
    people = User.objects.values_list("pk", "username")
    names = statement("test_names", lambda ids: people.filter(pk__any_of=ids), ids="bigint[]")
    create_all()

    assert names.rows(ids=[author.pk]) == [(author.pk, "author")]
    assert names.rows(ids=[]) == []


def test_the_number_of_rows_is_a_parameter_up_to_the_limit_of_the_queryset(statement, person):
    newest = [person(f"person{number}").pk for number in range(4)][::-1]
    people = User.objects.order_by("-pk").values_list("pk")
    found = statement("test_limited", lambda below: people.filter(pk__lt=below)[:3], below="bigint", count=LIMIT)
    create_all()

    for count in (1, 2, 3, 10):
        expected = [(pk,) for pk in newest[: min(count, 3)]]
        assert found.rows(below=newest[0] + 1, count=count) == expected
        assert found.planned(below=newest[0] + 1, count=count) == expected


def test_a_statement_for_viewers_answers_members_and_visitors(statement, author, stranger, share):
    posts = ViewerStatement(
        "test_viewers", lambda viewer, ids: Post.objects.visible_to(viewer).filter(pk__any_of=ids), ids="bigint[]"
    )
    create_all()
    post = share(author)
    block(author, blocked=stranger)

    for viewer, expected in ((author, post), (stranger, None), (AnonymousUser(), post)):
        assert posts.first(viewer, ids=[post.pk]) == expected
        assert posts.rows(viewer, ids=[]) == []


@pytest.mark.parametrize(
    ("build", "reason"),
    [
        (lambda viewer: User.objects.filter(pk=viewer).annotate(now=Value(1.5)), "cannot be compiled with the values"),
        (lambda viewer: Post.objects.visible_to(AnonymousUser()), "does not use viewer"),
    ],
)
def test_a_statement_refuses_frozen_and_missing_values(statement, build, reason, db):
    with pytest.raises(TypeError, match=reason):
        statement("test_refused", build, viewer="bigint").rows(viewer=1)


def test_values_that_are_not_integers_are_refused(posts_by_id, db):
    with pytest.raises((TypeError, ValueError)):
        posts_by_id.rows(viewer="1; DROP TABLE posts_post", ids=[1])
