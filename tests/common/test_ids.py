"""Snowflakes sort by time, and each has exactly one shortcode."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from common.ids import EPOCH, MAX_ID, decode_shortcode, encode_shortcode, first_id_at, time_of


@given(st.integers(0, MAX_ID))
def test_a_shortcode_is_decoded_to_its_id(number):
    shortcode = encode_shortcode(number)

    assert decode_shortcode(shortcode) == number
    assert len(shortcode) <= 11


@given(st.text(max_size=30))
def test_any_text_decodes_to_an_id_or_to_minus_one(text):
    number = decode_shortcode(text)

    assert number == -1 or encode_shortcode(number) == text


@pytest.mark.parametrize("text", ["", "AB", "ÄÖ", "a b", "__________________", "//////"])
def test_an_invalid_shortcode_decodes_to_minus_one(text):
    assert decode_shortcode(text) == -1


def test_generated_ids_have_their_time_and_sort_by_it(db):
    with connection.cursor() as cursor:
        # As many as the sequence has numbers for one millisecond, regardless of the machine's speed.
        cursor.execute("SELECT snowflake_id() FROM generate_series(1, 1024)")
        ids = [row[0] for row in cursor.fetchall()]

    assert len(set(ids)) == 1024
    assert abs(time_of(ids[0]) - timezone.now()) < timedelta(minutes=1)
    assert [time_of(pk) for pk in ids] == sorted(time_of(pk) for pk in ids)


def test_an_id_can_be_generated_for_a_time_and_a_shard(db):
    moment = datetime(2026, 3, 4, 5, 6, 7, 890_000, tzinfo=UTC)
    with connection.cursor() as cursor:
        cursor.execute("SELECT snowflake_id(%s, 4711)", [moment])
        made = cursor.fetchone()[0]

    assert time_of(made) == moment
    assert made >> 10 & 0x1FFF == 4711
    assert first_id_at(moment) <= made < first_id_at(moment + timedelta(milliseconds=1))
    assert first_id_at(EPOCH) == 0
