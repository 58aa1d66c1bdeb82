"""`make_buckets` against a real S3 server: who may send, who may read, and what is forgotten."""

import json
import urllib.error
import urllib.request

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.core.management import call_command
from django.core.management.base import CommandError

from media.storage import new_key
from tests import stores

ORIGIN = "https://photos.example.org"


@pytest.fixture
def empty_store(settings):
    """An S3 server without our buckets."""
    settings.SITE_ORIGIN, settings.CSRF_TRUSTED_ORIGINS = ORIGIN, [f"{ORIGIN}/", "https://www.example.org"]
    settings.STORAGES = settings.STORAGES | stores.s3_storages(stores.moto_server())
    yield stores.client(stores.moto_server())
    stores.drop_buckets(settings.STORAGES)


@pytest.fixture
def made(empty_store):
    call_command("make_buckets")
    return empty_store


def names():
    return storages["default"].bucket_name, storages["originals"].bucket_name


def rules_of(client):
    """All that a bucket was told, of both."""
    found = []
    for name in names():
        found.append(client.get_bucket_cors(Bucket=name)["CORSRules"])
        found.append(client.get_bucket_lifecycle_configuration(Bucket=name)["Rules"])
    return found


def get(url, **headers):
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=10) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def asked_by_a_script(url, origin, method):
    """What a browser asks before a script may send: the methods that are allowed."""
    request = urllib.request.Request(
        url, method="OPTIONS", headers={"Origin": origin, "Access-Control-Request-Method": method}
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            allowed = answer.headers.get("Access-Control-Allow-Origin"), answer.headers["Access-Control-Allow-Methods"]
    except urllib.error.HTTPError:
        return ""
    return allowed[1] if allowed[0] in {origin, "*"} else ""


def test_photos_in_a_folder_need_no_bucket():
    with pytest.raises(CommandError, match="AWS_STORAGE_BUCKET_NAME"):
        call_command("make_buckets")


def test_both_are_made_and_those_that_are_there_are_fine(empty_store, capsys):
    public, private = names()

    call_command("make_buckets")
    assert f"Made the bucket {public}." in capsys.readouterr().out
    before = rules_of(empty_store)

    call_command("make_buckets")
    assert f"The bucket {private} is there." in capsys.readouterr().out
    assert rules_of(empty_store) == before


def test_uploads_may_come_from_our_pages_and_from_nowhere_else(made):
    url = storages["incoming"].upload_url

    assert asked_by_a_script(url, ORIGIN, "POST") == "POST"
    assert asked_by_a_script(url, "https://www.example.org", "POST") == "POST"
    assert not asked_by_a_script(url, "https://evil.example", "POST")
    assert made.get_bucket_cors(Bucket=names()[1])["CORSRules"][0]["AllowedMethods"] == ["POST"]


def test_what_never_became_an_original_is_forgotten_and_originals_never(made):
    rules = made.get_bucket_lifecycle_configuration(Bucket=names()[1])["Rules"]

    expiring = [rule for rule in rules if "Expiration" in rule]
    assert [(rule["Filter"]["Prefix"], rule["Expiration"]["Days"]) for rule in expiring] == [("incoming/", 3)]
    assert all(rule["Status"] == "Enabled" for rule in rules)
    for name in names():
        aborting = made.get_bucket_lifecycle_configuration(Bucket=name)["Rules"][-1]
        assert aborting["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 3}
        assert aborting["Filter"]["Prefix"] == ""


@pytest.mark.promise("A3", "P2")
@pytest.mark.parametrize("alias", ["default", "originals"])
def test_a_file_is_nobodys_whatever_a_policy_says_later(made, alias):
    key = new_key(".jpg")
    storages[alias].save(key, ContentFile(b"with my address in it"))
    name = storages[alias].bucket_name

    status, _, body = get(f"{storages[alias].endpoint_url}/{name}/{key}")

    assert status == 403
    assert b"address" not in body
    with pytest.raises(made.exceptions.ClientError, match="NoSuchBucketPolicy"):
        made.get_bucket_policy(Bucket=name)
    assert all(made.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"].values())
    for grants in (made.get_bucket_acl(Bucket=name), made.get_object_acl(Bucket=name, Key=key)):
        assert not [grant for grant in grants["Grants"] if "URI" in grant["Grantee"]]


def test_who_may_read_is_left_to_the_owner_of_a_server_in_front(empty_store, settings, capsys):
    settings.MEDIA_ACCEL_PREFIX = "/stored/"

    call_command("make_buckets")

    with pytest.raises(empty_store.exceptions.ClientError, match="NoSuchPublicAccessBlock"):
        empty_store.get_public_access_block(Bucket=names()[0])
    assert "The server in front must be let into" in capsys.readouterr().out


def test_rules_and_policies_of_others_are_kept(made):
    public, private = names()
    theirs = {"ID": "audit", "Status": "Enabled", "Filter": {"Prefix": "logs/"}, "Expiration": {"Days": 9}}
    rules = made.get_bucket_lifecycle_configuration(Bucket=private)["Rules"]
    made.put_bucket_lifecycle_configuration(Bucket=private, LifecycleConfiguration={"Rules": [theirs, *rules]})
    policy = '{"Version": "2012-10-17", "Statement": []}'
    made.put_bucket_policy(Bucket=public, Policy=policy)

    call_command("make_buckets")

    assert [rule["ID"] for rule in made.get_bucket_lifecycle_configuration(Bucket=private)["Rules"]] == [
        "audit",
        "everyframe-incoming",
        "everyframe-unfinished",
    ]
    assert json.loads(made.get_bucket_policy(Bucket=public)["Policy"]) == json.loads(policy)


def test_a_store_that_knows_no_such_rules_is_told_of_and_one_that_refuses_them_is_an_error(
    empty_store, monkeypatch, capsys
):
    from botocore.exceptions import ClientError

    def answering(status, code):
        def answer(**_):
            raise ClientError(
                {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, "PutBucketCors"
            )

        return answer

    monkeypatch.setattr(storages["originals"].client, "put_bucket_cors", answering(501, "NotImplemented"))
    call_command("make_buckets")
    assert "the store knows no such rule" in capsys.readouterr().err

    monkeypatch.setattr(storages["originals"].client, "put_bucket_cors", answering(403, "AccessDenied"))
    with pytest.raises(CommandError, match=r"takes uploads from https://photos\.example\.org.*could not be set"):
        call_command("make_buckets")


def test_a_store_that_is_away_is_said_to_be(settings):
    settings.STORAGES = settings.STORAGES | stores.s3_storages("http://127.0.0.1:1")

    with pytest.raises(CommandError, match="not to be had"):
        call_command("make_buckets")
