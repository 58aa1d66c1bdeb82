import pytest
from django.utils import timezone

from accounts.models import User
from common.prepared import Prepared

pytestmark = pytest.mark.django_db


def test_it_asks_for_the_values_of_each_call_and_is_built_once(person, django_assert_num_queries):
    anna, bert = person("anna"), person("bert")
    built = []

    def build(one, other):
        built.append((one, other))
        return User.objects.filter(pk=one).exclude(pk=other)

    people = Prepared(build, "one", "other")

    with django_assert_num_queries(4):
        assert people.first(one=anna.pk, other=bert.pk) == anna
        assert people.first(one=bert.pk, other=anna.pk) == bert
        assert people.first(one=anna.pk, other=anna.pk) is None
        assert people.first(one=1, other=anna.pk) is None
    assert len(built) == 1


def test_a_query_that_would_stand_still_is_refused():
    of_today = Prepared(lambda one: User.objects.filter(pk=one, last_seen_at__lt=timezone.now()), "one")
    of_nobody = Prepared(lambda one: User.objects.filter(username="anna"), "one")

    with pytest.raises(TypeError, match="cannot be prepared"):
        of_today.first(one=1)
    with pytest.raises(TypeError, match="does not ask for"):
        of_nobody.first(one=1)
