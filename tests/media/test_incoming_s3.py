"""Uploads from the browser to the bucket: signed policies, checks, and the number of requests."""

import base64
import io
import json
from datetime import UTC, datetime

import pytest
from botocore.exceptions import ClientError
from django.utils import timezone

from common.limits import PART_BYTES
from media import incoming
from media.errors import MediaError, TransientMediaError
from media.incoming import s3 as incoming_s3
from media.probe import probe
from media.storage import abort_unfinished_uploads
from tests import stores
from tests.media.clips import BEE, SPEECH
from tests.media.pictures import BAD, ORIGINALS
from tests.stores import content, keys_in, post_form, unfinished_uploads

PREFIX = "b" * 32
GOOD = [*sorted(path for path in ORIGINALS.iterdir() if path.suffix != ".md"), BEE, SPEECH]


@pytest.fixture
def storage_kind():
    return "s3"


def send(data, sizes, prefix=PREFIX):
    """Send all parts of `data` as a browser does."""
    start = 0
    for number, size in enumerate(sizes, start=1):
        target = incoming.direct_target(prefix, number, size)
        assert post_form(target.url, target.fields, data[start : start + size]) == 204
        start += size


def head(key):
    return stores.storage("originals").client.head_object(Bucket=stores.storage("originals").bucket_name, Key=key)


def policy_of(target):
    return json.loads(base64.b64decode(target.fields["policy"]))


@pytest.mark.promise("U7")
def test_a_policy_fixes_key_size_and_type_for_an_hour():
    target = incoming.direct_target(PREFIX, 3, 12345)
    policy = policy_of(target)
    conditions = policy["conditions"]

    assert ["content-length-range", 12345, 12345] in conditions
    assert {"Content-Type": "application/octet-stream"} in conditions
    assert {"key": f"incoming/{PREFIX}/3"} in conditions
    assert {"bucket": stores.storage("originals").bucket_name} in conditions
    assert not [one for one in conditions if "starts-with" in one]
    # Each field that is sent must be bound by a condition of the policy.
    signed = {name: value for one in conditions if isinstance(one, dict) for name, value in one.items()}
    free = set(target.fields) - set(signed)
    assert free == {"policy", "x-amz-signature"}
    left = datetime.fromisoformat(policy["expiration"]) - datetime.now(UTC)
    assert 3590 <= left.total_seconds() <= 3600
    assert stores.SECRET not in json.dumps(target.fields)


def test_an_upload_by_form_becomes_an_original(tmp_path):
    data = (BAD / "name-test.jpg").read_bytes()
    send(data, [len(data)])

    assert incoming.received_parts(PREFIX, [len(data)]) == {1}
    key = incoming.assemble(PREFIX, [len(data)], ".jpg")
    assert content("originals", key) == data
    assert head(key)["ContentType"] == "image/jpeg"
    incoming.discard(PREFIX)
    assert stores.stored_files() == {f"originals/{key}"}


def test_the_store_assembles_the_parts(monkeypatch):
    data = bytes(range(256)) * 4096 * 17 + b"the rest"
    sizes = incoming.part_sizes(len(data))
    assert [size // PART_BYTES for size in sizes] == [1, 1, 0]
    send(data, sizes)
    monkeypatch.setattr(incoming_s3.IncomingBucket, "read", None)

    key = incoming.assemble(PREFIX, sizes, ".mp4")

    assert content("originals", key) == data
    assert head(key)["ContentType"] == "video/mp4"
    assert not list(unfinished_uploads())
    assert PART_BYTES >= 5 * 1024 * 1024, "stores reject smaller parts, except for the last"


@pytest.mark.parametrize("sent", [b"", b"12", b"1234", b"x" * 100_000])
def test_a_part_of_another_size_is_rejected_even_if_the_store_accepts_it(sent):
    """The test store ignores policies, as other stores might, so the site checks the size itself."""
    target = incoming.direct_target(PREFIX, 1, 3)
    post_form(target.url, target.fields, sent)

    assert keys_in("incoming") == {f"{PREFIX}/1"}
    assert incoming.received_parts(PREFIX, [3]) == set()
    for use in (incoming.open_parts, lambda prefix, sizes: incoming.assemble(prefix, sizes, ".jpg")):
        with pytest.raises(TransientMediaError):
            use(PREFIX, [3])
    assert not keys_in("originals")


def test_a_part_replaced_while_it_is_read_is_not_used():
    send(b"a" * 400_000, [400_000])
    with incoming.open_parts(PREFIX, [400_000]) as whole:
        assert whole.read(10) == b"a" * 10
        send(b"b" * 400_000, [400_000])
        with pytest.raises(TransientMediaError):
            whole.read()


@pytest.mark.parametrize(("sizes", "copying"), [([4], "copy_object"), ([4, 4], "upload_part_copy")])
def test_a_part_replaced_while_it_is_copied_is_not_used(sizes, copying, monkeypatch):
    """The request names the ETag of the content that was checked. (The test store ignores it.)"""
    send(b"12345678", sizes)
    client = stores.storage("incoming").client
    copy, told = getattr(client, copying), set()

    def listening(**options):
        told.add(options["CopySourceIfMatch"])
        return copy(**options)

    monkeypatch.setattr(client, copying, listening)
    incoming.assemble(PREFIX, sizes, ".mp4")

    bucket = stores.storage("incoming").bucket_name
    parts = [f"incoming/{PREFIX}/{number}" for number in range(1, len(sizes) + 1)]
    assert told == {client.head_object(Bucket=bucket, Key=key)["ETag"] for key in parts}


@pytest.mark.promise("D16")
@pytest.mark.parametrize("step", ["upload_part_copy", "complete_multipart_upload", "head_object", "copy_object"])
def test_a_failed_copy_leaves_nothing_and_can_be_retried(step, monkeypatch):
    sizes = [8] if step == "copy_object" else [8, 8, 4]
    data = b"01234567" * 3
    send(data, sizes)
    client, failures = stores.storage("incoming").client, []

    def fail(**options):
        failures.append(options)
        raise ClientError({"Error": {"Code": "InternalError"}, "ResponseMetadata": {"HTTPStatusCode": 500}}, step)

    with monkeypatch.context() as patch:
        patch.setattr(client, step, fail)
        with pytest.raises(TransientMediaError, match="couldn’t be stored"):
            incoming.assemble(PREFIX, sizes, ".mp4")
    assert failures
    assert not keys_in("originals")
    assert not list(unfinished_uploads())

    key = incoming.assemble(PREFIX, sizes, ".mp4")
    assert content("originals", key) == data[: sum(sizes)]


# --- Probing through ranges ---------------------------------------------------------------------------------------


def seen(file):
    try:
        return probe(file)
    except MediaError as error:
        return str(error)


class Counting:
    """Records the sizes of the ranges that are fetched from the bucket."""

    def __init__(self, monkeypatch):
        self.ranges = []
        read = incoming_s3.IncomingBucket.read

        def counted(bucket, part, start, end):
            self.ranges.append(end - start)
            return read(bucket, part, start, end)

        monkeypatch.setattr(incoming_s3.IncomingBucket, "read", counted)


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.name)
def test_the_probe_sees_the_same_through_ranges(path, monkeypatch):
    data = path.read_bytes()
    half = len(data) // 2
    sizes = [half, len(data) - half]
    send(data, sizes)
    fetched = Counting(monkeypatch)

    with incoming.open_parts(PREFIX, sizes) as whole:
        assert seen(whole) == seen(io.BytesIO(data))

    assert len(fetched.ranges) <= 40
    # The beginning of a JPEG is read twice.
    assert sum(fetched.ranges) <= len(data) + 2 * 1024 * 1024


def test_only_the_boxes_of_a_large_video_are_fetched(monkeypatch):
    """The index comes last, as phones write it, and is found without reading the data before it."""
    film = BEE.read_bytes()
    at = film.index(b"mdat") - 4
    size = int.from_bytes(film[at : at + 4], "big")
    padding = b"\0" * (40 * 1024 * 1024)
    film = film[:at] + (size + len(padding)).to_bytes(4, "big") + film[at + 4 : at + size] + padding + film[at + size :]
    sizes = incoming.part_sizes(len(film))
    send(film, sizes)
    fetched = Counting(monkeypatch)

    with incoming.open_parts(PREFIX, sizes) as whole:
        found = probe(whole)

    assert (found.width, found.height) == (probe(io.BytesIO(BEE.read_bytes())).width, found.height)
    assert sum(fetched.ranges) < 2 * 1024 * 1024
    assert len(fetched.ranges) < 20


@pytest.mark.promise("U4")
def test_a_file_that_needs_too_many_reads_is_rejected(monkeypatch):
    monkeypatch.setattr(incoming_s3, "MAX_READS", 40)
    data = b"x" * 400_000
    send(data, [len(data)])

    def back_and_forth(file):
        for _ in range(1000):
            file.seek(300_000)
            file.read(1)
            file.seek(0)
            file.read(1)

    with incoming.open_parts(PREFIX, [len(data)]) as whole, pytest.raises(MediaError, match="too many pieces"):
        back_and_forth(whole)


def test_reading_a_whole_file_takes_few_requests(monkeypatch):
    data = bytes(range(256)) * 4096 * 12
    sizes = incoming.part_sizes(len(data))
    send(data, sizes)
    fetched = Counting(monkeypatch)

    with incoming.open_parts(PREFIX, sizes) as whole:
        while whole.read(50_000):
            pass

    assert sum(fetched.ranges) == len(data)
    assert len(fetched.ranges) <= 12


@pytest.mark.promise("D16")
def test_an_interrupted_response_is_requested_again(monkeypatch):
    send(b"0123456789", [10])
    client = stores.storage("incoming").client
    get, asked = client.get_object, []

    class Broken(io.BytesIO):
        def read(self, *args):
            raise ConnectionResetError

    def break_off_once(**options):
        asked.append(options["Range"])
        answer = get(**options)
        return answer | {"Body": Broken()} if len(asked) == 1 else answer

    monkeypatch.setattr(client, "get_object", break_off_once)

    with incoming.open_parts(PREFIX, [10]) as whole:
        assert whole.read() == b"0123456789"
    assert asked == ["bytes=0-9"] * 2


def test_unfinished_multipart_uploads_are_aborted():
    client, bucket = stores.storage("originals").client, stores.storage("originals").bucket_name
    begun = client.create_multipart_upload(Bucket=bucket, Key="aa/bb/c.mp4")
    client.upload_part(Bucket=bucket, Key="aa/bb/c.mp4", UploadId=begun["UploadId"], PartNumber=1, Body=b"x")

    # The test store reports 2010 as the start of all uploads.
    assert abort_unfinished_uploads("originals", begun_before=datetime(2009, 1, 1, tzinfo=UTC)) == 0
    assert list(unfinished_uploads()) == ["aa/bb/c.mp4"]
    assert abort_unfinished_uploads("originals", begun_before=timezone.now()) == 1
    assert not list(unfinished_uploads())
