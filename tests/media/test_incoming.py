"""Uploads in parts: parts arrive in any order, repeatedly or half-written, and become one file."""

import io
import os

import pytest

from common.limits import PART_BYTES
from media import incoming
from media.errors import TransientMediaError
from media.storage import open_original
from tests.stores import keys_in, lose, put

pytestmark = pytest.mark.both_storages

PREFIX = "a" * 32
DATA = bytes(range(256)) * 10
SIZES = [1000, 1000, 560]


@pytest.fixture
def parts():
    for number in (3, 1, 2):
        incoming.store_part(PREFIX, number, io.BytesIO(DATA[(number - 1) * 1000 : number * 1000]))


def test_a_file_has_parts_of_equal_size_and_a_rest():
    assert incoming.part_sizes(1) == [1]
    assert incoming.part_sizes(PART_BYTES) == [PART_BYTES]
    assert incoming.part_sizes(2 * PART_BYTES + 5) == [PART_BYTES] * 2 + [5]


def test_parts_are_assembled_whatever_their_order_of_arrival(parts):
    assert incoming.received_parts(PREFIX, SIZES) == {1, 2, 3}

    with open_original(incoming.assemble(PREFIX, SIZES, ".mp4")) as original:
        assert original.read() == DATA


def test_parts_read_as_one_seekable_file(parts):
    with incoming.open_parts(PREFIX, SIZES) as whole:
        assert whole.seek(0, os.SEEK_END) == len(DATA)
        assert whole.read() == b""
        for offset, size in ((0, 64), (990, 30), (1999, 2), (2550, 100), (0, len(DATA)), (5000, 1)):
            assert whole.seek(offset) == offset
            assert whole.read(size) == DATA[offset : offset + size]


def test_a_part_sent_again_replaces_the_first(parts):
    incoming.store_part(PREFIX, 1, io.BytesIO(b"x" * 1000))

    with incoming.open_parts(PREFIX, SIZES) as whole:
        assert whole.read(1001) == b"x" * 1000 + DATA[1000:1001]
    assert keys_in("incoming") == {f"{PREFIX}/{number}" for number in (1, 2, 3)}


def test_a_part_with_another_size_or_half_written_is_not_received(parts):
    incoming.store_part(PREFIX, 2, io.BytesIO(b"short"))
    lose("incoming", f"{PREFIX}/3")
    put("incoming", f"{PREFIX}/3.abcd", DATA[2000:])

    assert incoming.received_parts(PREFIX, SIZES) == {1}


def test_discarding_deletes_everything_and_can_be_repeated(parts, tmp_path):
    put("incoming", f"{PREFIX}/9.half", b"killed here")

    incoming.discard(PREFIX)
    incoming.discard(PREFIX)

    assert incoming.received_parts(PREFIX, SIZES) == set()
    assert not keys_in("incoming")
    assert not (tmp_path / "incoming" / PREFIX).exists()


@pytest.mark.promise("D15")
def test_a_missing_part_is_a_transient_error_and_leaves_no_original(parts):
    lose("incoming", f"{PREFIX}/2")

    with pytest.raises(TransientMediaError, match="couldn’t be stored"):
        incoming.assemble(PREFIX, SIZES, ".mp4")
    assert not keys_in("originals")
