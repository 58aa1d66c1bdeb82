"""`manage.py make_buckets`: the buckets of an S3-compatible store, and what they must know."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings
from django.core.files.storage import storages
from django.core.management.base import BaseCommand, CommandError

from common.limits import UPLOAD_KEPT_HOURS
from media.s3 import INCOMING, Bucket

KEPT_DAYS = UPLOAD_KEPT_HOURS // 24 + 2
"""The site deletes the parts of an upload itself; what it has missed goes after so many days."""

OURS = "everyframe-"
"""So our rules are named; what others have put into a bucket is left as it is."""

MISSING = {
    "NoSuchCORSConfiguration",
    "NoSuchLifecycleConfiguration",
    "NoSuchBucketPolicy",
    "NoSuchPublicAccessBlockConfiguration",
}


UNKNOWN_STATUS = {405, 409, 501}
"""What a store answers to a request that it does not know; some take it for that to make the bucket again."""


class Command(BaseCommand):
    """Make the buckets, and say to them who may send and read, and what they may forget. Again is no harm.

    A store that knows no such rules (not all compatible ones do) is told of and left; docs/operations.md says what
    each is for.
    """

    help = "Make the buckets that the site stores its photos in, where they are missing, and set their rules."

    def handle(self, *args: Any, **options: Any) -> None:
        public, private = storages["default"], storages["originals"]
        if not isinstance(public, Bucket) or not isinstance(private, Bucket):
            raise CommandError("The photos are kept in a folder: set AWS_STORAGE_BUCKET_NAME to keep them in a bucket.")
        self.refused: list[str] = []
        try:
            self.make_all(public, private)
        except BotoCoreError as error:
            raise CommandError(f"The store is not to be had: {error}") from error
        if self.refused:
            raise CommandError("\n".join(self.refused))

    def make_all(self, public: Bucket, private: Bucket) -> None:
        for bucket in (public, private):
            self.make(bucket)
        origins = sorted({_origin(address) for address in [settings.SITE_ORIGIN, *settings.CSRF_TRUSTED_ORIGINS]})
        self.set(private, "is closed to the public", _close)
        if settings.MEDIA_ACCEL_PREFIX:
            self.stdout.write(f"The server in front must be let into {public.bucket_name}, to read, and nobody else.")
        else:
            self.set(public, "is closed to the public", _close)
        where = ", ".join(origins)
        self.set(private, f"takes uploads from {where}", lambda bucket: _let_in(bucket, ["POST"], origins))
        self.set(
            public, f"is readable for scripts of {where}", lambda bucket: _let_in(bucket, ["GET", "HEAD"], origins)
        )
        forget = f"forgets unfinished uploads after {KEPT_DAYS} days"
        self.set(private, forget, lambda bucket: _forget(bucket, [INCOMING]))
        self.set(public, forget, lambda bucket: _forget(bucket, []))

    def make(self, bucket: Bucket) -> None:
        name = bucket.bucket_name
        try:
            bucket.client.head_bucket(Bucket=name)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
                raise CommandError(f"The bucket {name} may not be used: {error}") from error
        else:
            self.stdout.write(f"The bucket {name} is there.")
            return
        try:
            bucket.client.create_bucket(Bucket=name, **_place(bucket.client.meta.region_name))
        except ClientError as error:
            raise CommandError(f"The bucket {name} could not be made: {error}") from error
        self.stdout.write(f"Made the bucket {name}.")

    def set(self, bucket: Bucket, what: str, rule: Callable[[Bucket], None]) -> None:
        try:
            rule(bucket)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] in UNKNOWN_STATUS:
                self.stderr.write(f"{bucket.bucket_name} {what}: not set, the store knows no such rule ({error}).")
            else:
                self.refused.append(f"{bucket.bucket_name} {what}: could not be set: {error}")
        else:
            self.stdout.write(f"{bucket.bucket_name} {what}.")


def _close(bucket: Bucket) -> None:
    """Whatever a policy or a list of rights may say later: nothing in it is public."""
    blocks = dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True)
    bucket.client.put_public_access_block(Bucket=bucket.bucket_name, PublicAccessBlockConfiguration=blocks)


def _let_in(bucket: Bucket, methods: list[str], origins: list[str]) -> None:
    """Let the scripts of our pages use these methods."""
    name = bucket.bucket_name
    rule = {
        "ID": f"{OURS}pages",
        "AllowedMethods": methods,
        "AllowedOrigins": origins,
        "AllowedHeaders": ["*"],
        "MaxAgeSeconds": 3600,
    }
    there = _there(lambda: bucket.client.get_bucket_cors(Bucket=name)) or {}
    rules = [*_others(there.get("CORSRules", [])), rule]
    bucket.client.put_bucket_cors(Bucket=name, CORSConfiguration={"CORSRules": rules})


def _forget(bucket: Bucket, prefixes: list[str]) -> None:
    """Files below `prefixes`, and uploads in pieces that nobody finished, which no listing shows."""
    name = bucket.bucket_name
    rules: list[dict[str, Any]] = [
        {
            "ID": f"{OURS}{prefix.strip('/')}",
            "Status": "Enabled",
            "Filter": {"Prefix": prefix},
            "Expiration": {"Days": KEPT_DAYS},
        }
        for prefix in prefixes
    ]
    rules.append(
        {
            "ID": f"{OURS}unfinished",
            "Status": "Enabled",
            "Filter": {"Prefix": ""},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": KEPT_DAYS},
        }
    )
    there = _there(lambda: bucket.client.get_bucket_lifecycle_configuration(Bucket=name)) or {}
    configuration = {"Rules": _others(there.get("Rules", [])) + rules}
    bucket.client.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration=configuration)


def _others(rules: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [rule for rule in rules if not rule.get("ID", "").startswith(OURS)]


def _there(ask: Callable[[], dict[str, Any]]) -> dict[str, Any] | None:
    """What the bucket says, or None where it says that nobody has set it."""
    try:
        return ask()
    except ClientError as error:
        if _code(error) in MISSING:
            return None
        raise


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code"))


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


def _place(region: str | None) -> dict[str, Any]:
    """S3 wants the region named again, except for the one that it takes for granted."""
    return (
        {}
        if region in {None, "us-east-1", "aws-global"}
        else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    )
