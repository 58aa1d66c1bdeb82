import pytest
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Exists, OuterRef, Q, Value
from django.utils import timezone

from accounts.models import User
from common.compiled_queries import CompiledArray, CompiledExists, PreparedFragment
from social.actions.follows import follow
from social.models import Follow

pytestmark = pytest.mark.django_db


def test_a_query_with_a_frozen_value_is_an_error():
    of_today = PreparedFragment(lambda one: User.objects.filter(pk=one, last_seen_at__lt=timezone.now()), "one")
    query = PreparedFragment(lambda one: User.objects.filter(username="anna"), "one")

    with pytest.raises(TypeError, match="cannot be prepared"):
        of_today(one=1)
    with pytest.raises(TypeError, match="does not ask for"):
        query(one=1)


def test_a_compiled_subquery_equals_one_built_each_time(person):
    anna, bert, cora = person("anna"), person("bert"), person("cora")
    follow(anna, followee=bert)
    follow(cora, followee=anna)
    compiled = CompiledExists(
        lambda person, viewer: Follow.objects.filter(follower_id=viewer, followee_id=person), outer=["person"]
    )
    names = CompiledArray(
        lambda person: User.objects.filter(follows_made__followee_id=person).order_by("username").values("username"),
        outer=["person"],
        output_field=ArrayField(models.CharField()),
    )

    for viewer in (anna, bert, cora):
        built = Follow.objects.filter(follower_id=viewer.pk, followee_id=OuterRef("pk"))
        for condition in (Q(compiled(person="pk", viewer=viewer.pk)), ~Q(compiled(person="pk", viewer=viewer.pk))):
            expected = Q(Exists(built)) if not condition.negated else ~Q(Exists(built))
            assert set(User.objects.filter(condition)) == set(User.objects.filter(expected))
    followers = User.objects.annotate(names=names(person="pk")).values_list("username", "names")
    assert dict(followers) == {"anna": ["cora"], "bert": ["anna"], "cora": []}


def test_aliases_of_a_compiled_subquery_differ_from_those_around_it(person):
    """The same table occurs outside, inside and in between, where Django uses aliases, too."""
    anna, bert, cora = person("anna"), person("bert"), person("cora")
    follow(anna, followee=bert)
    follow(bert, followee=cora)
    followed_back = CompiledExists(
        lambda follower, followee: Follow.objects.filter(follower_id=followee, followee_id=follower),
        outer=["follower", "followee"],
    )
    goes_on = CompiledExists(lambda followee: Follow.objects.filter(follower_id=followee), outer=["followee"])

    assert not Follow.objects.filter(followed_back(follower="follower_id", followee="followee_id")).exists()
    follows = Follow.objects.filter(goes_on(followee="followee_id"), follower_id=OuterRef("pk"))
    assert list(User.objects.filter(Exists(follows))) == [anna]

    follow(bert, followee=anna)
    both = Follow.objects.filter(followed_back(follower="follower_id", followee="followee_id"))
    assert {one.follower for one in both} == {anna, bert}


def test_values_as_outer_columns_are_an_error():
    compiled = CompiledExists(lambda person: Follow.objects.filter(follower_id=person), outer=["person"])

    with pytest.raises(TypeError, match="must be a column"):
        list(User.objects.filter(compiled(person=Value(1))))
