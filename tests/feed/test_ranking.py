"""The model of "For you": recency, closeness, favourites, diversity, and nothing seen before."""

from itertools import groupby

from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from common.ids import first_id_at
from feed.ranking import (
    COMMENT_WEIGHT,
    FULL_CLOSENESS,
    HALF_LIFE_MS,
    MAX_IN_A_ROW,
    OFTEN,
    RECENCY,
    Candidate,
    Contacts,
    Kind,
    Ranked,
    Reader,
    closeness,
    rank,
    reason_for,
    score,
)

ME, ANNA, BEN = 1, 2, 3
NOW_MS = 1_790_000_000_000
DAY_MS = 24 * 3600 * 1000


def post(author, *, hours=0.0, number=0, tag=""):
    """Return a candidate that was shared `hours` before NOW_MS."""
    moment = timezone.datetime.fromtimestamp((NOW_MS - hours * 3_600_000) / 1000, tz=timezone.get_fixed_timezone(0))
    return Candidate(first_id_at(moment) + number, author, tag)


def reader(*, favourites=(), seen=(), **contacts):
    ids = {"anna": ANNA, "ben": BEN, "me": ME}
    return Reader(ME, {ids[name]: found for name, found in contacts.items()}, frozenset(favourites), frozenset(seen))


def order(candidates, who):
    return [one.post_id for one in rank(candidates, who, now_ms=NOW_MS)]


def test_newer_posts_come_first_between_equals():
    old, new = post(ANNA, hours=5), post(BEN, hours=1)

    assert order([old, new], reader()) == [new.post_id, old.post_id]


def test_half_of_the_weight_of_recency_is_lost_in_a_day():
    assert score(post(ANNA), reader(), now_ms=NOW_MS) == RECENCY
    assert abs(score(post(ANNA, hours=24), reader(), now_ms=NOW_MS) - RECENCY / 2) < 0.001
    assert HALF_LIFE_MS == DAY_MS


def test_close_authors_come_before_newer_posts_of_others():
    close, new = post(ANNA, hours=10), post(BEN, hours=1)

    assert order([new, close], reader(anna=Contacts(likes=20))) == [close.post_id, new.post_id]


def test_closeness_grows_with_contacts_up_to_one():
    few, more = reader(anna=Contacts(likes=1)), reader(anna=Contacts(comments=1))
    most = reader(anna=Contacts(likes=10 * FULL_CLOSENESS))

    assert 0 == closeness(ANNA, reader()) < closeness(ANNA, few) < closeness(ANNA, more) < closeness(ANNA, most) == 1
    assert COMMENT_WEIGHT == 2
    assert closeness(ME, reader(me=Contacts(likes=50))) == 0, "likes of one's own posts do not count"


def test_favourites_come_before_others_of_the_same_age():
    candidates = [post(BEN, number=1), post(ANNA)]

    assert order(candidates, reader(favourites={ANNA}))[0] == candidates[1].post_id


def test_posts_seen_before_come_last_and_newest_first():
    candidates = [post(ANNA, hours=hours) for hours in (1, 2, 3)]
    seen = {candidates[0].post_id, candidates[1].post_id}

    ranked = rank(candidates[::-1], reader(seen=seen, anna=Contacts(likes=9)), now_ms=NOW_MS)

    assert [one.post_id for one in ranked] == [candidates[at].post_id for at in (2, 0, 1)]
    assert [one.is_seen for one in ranked] == [False, True, True]


def test_one_author_does_not_fill_the_page():
    burst = [post(ANNA, hours=0.1 * number) for number in range(5)]
    other = [post(BEN, hours=20 + number) for number in range(2)]

    authors = [ANNA if one in {post.post_id for post in burst} else BEN for one in order(burst + other, reader())]

    assert authors == [ANNA, ANNA, BEN, ANNA, ANNA, BEN, ANNA]


def test_the_reason_is_the_strongest_contact():
    often = Contacts(likes=OFTEN, comments=OFTEN)

    assert reason_for(post(ANNA), reader()) is Kind.FOLLOW
    assert reason_for(post(ANNA, tag="sun"), reader()) is Kind.TAG
    assert reason_for(post(ANNA), reader(anna=Contacts(likes=OFTEN - 1))) is Kind.FOLLOW, "not often"
    assert reason_for(post(ANNA), reader(anna=Contacts(likes=OFTEN))) is Kind.LIKES
    assert reason_for(post(ANNA), reader(anna=often)) is Kind.COMMENTS
    assert reason_for(post(ANNA), reader(anna=Contacts(likes=9, comments=OFTEN))) is Kind.LIKES
    assert reason_for(post(ANNA), reader(anna=often, favourites={ANNA})) is Kind.FAVOURITE
    assert reason_for(post(ME), reader(me=often)) is Kind.OWN


COUNTS = st.integers(0, 50)
CANDIDATES = st.lists(
    st.builds(Candidate, st.integers(1 << 40, 1 << 62), st.integers(1, 5)), max_size=40, unique_by=lambda one: one[0]
)


@given(CANDIDATES, st.data())
def test_every_candidate_is_ranked_once_and_no_author_has_three_in_a_row_while_there_are_others(candidates, data):
    ids = [one.post_id for one in candidates]
    seen = data.draw(st.sets(st.sampled_from(ids))) if ids else set()
    contacts = data.draw(st.dictionaries(st.integers(1, 5), st.builds(Contacts, COUNTS, COUNTS)))
    who = Reader(ME, contacts, data.draw(st.frozensets(st.integers(1, 5))), seen)

    ranked = rank(candidates, who, now_ms=NOW_MS)

    assert sorted(one.post_id for one in ranked) == sorted(ids)
    assert rank(candidates[::-1], who, now_ms=NOW_MS) == ranked, "whatever the order of the input"
    author_of = {one.post_id: one.author_id for one in candidates}
    unseen = [author_of[one.post_id] for one in ranked if not one.is_seen]
    runs = [(author, len(list(run))) for author, run in groupby(unseen)]
    assert all(length <= MAX_IN_A_ROW for _, length in runs[:-1])


def test_nothing_to_rank():
    assert rank([], reader(), now_ms=NOW_MS) == []
    assert rank([post(BEN)], reader(), now_ms=NOW_MS) == [Ranked(post(BEN).post_id, Kind.FOLLOW)]
