"""`make_buckets` on a real S3 server: upload permissions, public access, and rules of expiry."""

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
    """Return a client of an S3 server on which the site's buckets do not exist yet."""
    settings.SITE_ORIGIN, settings.CSRF_TRUSTED_ORIGINS = ORIGIN, [f"{ORIGIN}/", "https://www.example.org"]
    settings.STORAGES = settings.STORAGES | stores.s3_storages(stores.moto_server())
    yield stores.client(stores.moto_server())
    stores.drop_buckets(settings.STORAGES)


@pytest.fixture
def buckets(empty_store):
    """Make the buckets; return a client of their server."""
    call_command("make_buckets")
    return empty_store


def bucket_names():
    return stores.storage("default").bucket_name, stores.storage("originals").bucket_name


def rules_of(client):
    """Return the CORS and lifecycle rules of both buckets."""
    found = []
    for name in bucket_names():
        found.append(client.get_bucket_cors(Bucket=name)["CORSRules"])
        found.append(client.get_bucket_lifecycle_configuration(Bucket=name)["Rules"])
    return found


def get(url, **headers):
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=10) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def allowed_methods(url, origin, method):
    """Send the CORS preflight request of a browser; return the allowed methods, or an empty string."""
    request = urllib.request.Request(
        url, method="OPTIONS", headers={"Origin": origin, "Access-Control-Request-Method": method}
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            allowed = answer.headers.get("Access-Control-Allow-Origin"), answer.headers["Access-Control-Allow-Methods"]
    except urllib.error.HTTPError:
        return ""
    return allowed[1] if allowed[0] in {origin, "*"} else ""


def test_local_storage_needs_no_bucket():
    with pytest.raises(CommandError, match="AWS_STORAGE_BUCKET_NAME"):
        call_command("make_buckets")


def test_missing_buckets_are_made_and_existing_ones_are_unchanged(empty_store, capsys):
    public, private = bucket_names()

    call_command("make_buckets")
    assert f"Created the bucket {public}." in capsys.readouterr().out
    before = rules_of(empty_store)

    call_command("make_buckets")
    assert f"The bucket {private} exists." in capsys.readouterr().out
    assert rules_of(empty_store) == before


def test_uploads_are_allowed_from_the_site_only(buckets):
    url = stores.storage("incoming").upload_url

    assert allowed_methods(url, ORIGIN, "POST") == "POST"
    assert allowed_methods(url, "https://www.example.org", "POST") == "POST"
    assert not allowed_methods(url, "https://evil.example", "POST")
    assert buckets.get_bucket_cors(Bucket=bucket_names()[1])["CORSRules"][0]["AllowedMethods"] == ["POST"]


def test_incomplete_uploads_expire_and_originals_do_not(buckets):
    rules = buckets.get_bucket_lifecycle_configuration(Bucket=bucket_names()[1])["Rules"]

    expiring = [rule for rule in rules if "Expiration" in rule]
    assert [(rule["Filter"]["Prefix"], rule["Expiration"]["Days"]) for rule in expiring] == [("incoming/", 3)]
    assert all(rule["Status"] == "Enabled" for rule in rules)
    for name in bucket_names():
        aborting = buckets.get_bucket_lifecycle_configuration(Bucket=name)["Rules"][-1]
        assert aborting["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 3}
        assert aborting["Filter"]["Prefix"] == ""


@pytest.mark.promise("A3", "P2")
@pytest.mark.parametrize("alias", ["default", "originals"])
def test_files_stay_private_under_any_later_policy(buckets, alias):
    key = new_key(".jpg")
    storages[alias].save(key, ContentFile(b"with my address in it"))
    name = stores.storage(alias).bucket_name

    status, _, body = get(f"{stores.storage(alias).endpoint_url}/{name}/{key}")

    assert status == 403
    assert b"address" not in body
    with pytest.raises(buckets.exceptions.ClientError, match="NoSuchBucketPolicy"):
        buckets.get_bucket_policy(Bucket=name)
    assert all(buckets.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"].values())
    for grants in (buckets.get_bucket_acl(Bucket=name), buckets.get_object_acl(Bucket=name, Key=key)):
        assert not [grant for grant in grants["Grants"] if "URI" in grant["Grantee"]]


def test_public_access_is_not_changed_when_a_proxy_serves_the_files(empty_store, settings, capsys):
    settings.MEDIA_ACCEL_PREFIX = "/stored/"

    call_command("make_buckets")

    with pytest.raises(empty_store.exceptions.ClientError, match="NoSuchPublicAccessBlock"):
        empty_store.get_public_access_block(Bucket=bucket_names()[0])
    assert "Give read access to" in capsys.readouterr().out


def test_rules_and_policies_made_by_others_are_kept(buckets):
    public, private = bucket_names()
    theirs = {"ID": "audit", "Status": "Enabled", "Filter": {"Prefix": "logs/"}, "Expiration": {"Days": 9}}
    rules = buckets.get_bucket_lifecycle_configuration(Bucket=private)["Rules"]
    buckets.put_bucket_lifecycle_configuration(Bucket=private, LifecycleConfiguration={"Rules": [theirs, *rules]})
    policy = '{"Version": "2012-10-17", "Statement": []}'
    buckets.put_bucket_policy(Bucket=public, Policy=policy)

    call_command("make_buckets")

    assert [rule["ID"] for rule in buckets.get_bucket_lifecycle_configuration(Bucket=private)["Rules"]] == [
        "audit",
        "everyframe-incoming",
        "everyframe-unfinished",
    ]
    assert json.loads(buckets.get_bucket_policy(Bucket=public)["Policy"]) == json.loads(policy)


def test_unsupported_rules_are_reported_and_refused_ones_are_an_error(empty_store, monkeypatch, capsys):
    from botocore.exceptions import ClientError

    def answering(status, code):
        def answer(**_):
            raise ClientError(
                {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, "PutBucketCors"
            )

        return answer

    monkeypatch.setattr(stores.storage("originals").client, "put_bucket_cors", answering(501, "NotImplemented"))
    call_command("make_buckets")
    assert "the store does not support this rule" in capsys.readouterr().err

    monkeypatch.setattr(stores.storage("originals").client, "put_bucket_cors", answering(403, "AccessDenied"))
    with pytest.raises(CommandError, match=r"takes uploads from https://photos\.example\.org.*could not be set"):
        call_command("make_buckets")


def test_an_unreachable_store_is_reported(settings):
    settings.STORAGES = settings.STORAGES | stores.s3_storages("http://127.0.0.1:1")

    with pytest.raises(CommandError, match="is unavailable"):
        call_command("make_buckets")
