"""Snowflake ids: 64-bit integers that sort by time and contain the owner's shard.

The highest 41 bits are milliseconds since EPOCH (signed, so until 2060), then come 13 bits of logical shard and 10 bits
of sequence: the scheme that Instagram described in 2012. PostgreSQL generates them (`snowflake_id()`, created by the
first migration of `common`), so all writers share one sequence and one clock.
"""

import string
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

from django.db import connection, models

EPOCH: Final = datetime(2026, 1, 1, tzinfo=UTC)
SHARD_BITS: Final = 13
SEQUENCE_BITS: Final = 10
TIME_SHIFT: Final = SHARD_BITS + SEQUENCE_BITS
SHARD_MASK: Final = ((1 << SHARD_BITS) - 1) << SEQUENCE_BITS
MAX_ID: Final = (1 << 63) - 1

_EPOCH_MS: Final = int(EPOCH.timestamp() * 1000)
_ALPHABET: Final = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
_DIGIT: Final = {char: value for value, char in enumerate(_ALPHABET)}


NEW_SNOWFLAKE: Final = models.Func(function="snowflake_id", output_field=models.BigIntegerField())
"""`snowflake_id()` as a column default."""


class SnowflakeModel(models.Model):
    """Base of models with a snowflake id, which also holds the creation time and serves as cursor."""

    id = models.BigIntegerField(primary_key=True, db_default=NEW_SNOWFLAKE, editable=False)

    class Meta:
        abstract = True

    @property
    def created_at(self) -> datetime:
        return time_of(self.pk)


def time_of(snowflake: int) -> datetime:
    """Return the time at which the id was generated, in UTC with milliseconds."""
    return EPOCH + timedelta(milliseconds=snowflake >> TIME_SHIFT)


def milliseconds_of(snowflake: int) -> int:
    """Return the time at which the id was generated, in milliseconds since 1970."""
    return _EPOCH_MS + (snowflake >> TIME_SHIFT)


def first_id_at_ms(milliseconds: int) -> int:
    """Return the smallest id generated at this time, in milliseconds since 1970."""
    return (milliseconds - _EPOCH_MS) << TIME_SHIFT


def first_id_at(moment: datetime) -> int:
    """Return the smallest id generated at `moment`, as a bound for "newer than" in an index on ids.

    Moments before EPOCH give negative ids, which still sort by time.
    """
    return first_id_at_ms(int(moment.timestamp() * 1000))


@lru_cache(maxsize=10_000)
def encode_shortcode(snowflake: int) -> str:
    """Return the id in URL-safe base 64 without leading zeros, at most 11 characters."""
    if snowflake < 0:
        raise ValueError("ids are not negative")
    digits = ""
    while snowflake or not digits:
        snowflake, digit = divmod(snowflake, 64)
        digits = _ALPHABET[digit] + digits
    return digits


def decode_shortcode(shortcode: str) -> int:
    """Return the id of a shortcode from `encode_shortcode`; -1, which no row has, for other texts.

    No exception is raised, so that unknown and malformed shortcodes get the same response. Leading zeros are malformed,
    so that each post has only one address.
    """
    if not 1 <= len(shortcode) <= 11 or (shortcode[0] == _ALPHABET[0] and len(shortcode) > 1):
        return -1
    number = 0
    for char in shortcode:
        digit = _DIGIT.get(char)
        if digit is None:
            return -1
        number = number * 64 + digit
    return number if number <= MAX_ID else -1


def snowflake_at(moment: datetime, *, owner_id: int) -> int:
    """Return a new id made as if at `moment`, on the shard of the row `owner_id`. One query."""
    shard = (owner_id & SHARD_MASK) >> SEQUENCE_BITS
    with connection.cursor() as cursor:
        cursor.execute("SELECT snowflake_id(%s, %s)", [moment, shard])
        return int(cursor.fetchone()[0])
