"""`manage.py make_buckets`: creates the buckets in an S3-compatible store and sets their rules."""

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
"""The store deletes parts of uploads after this time if the site has not done so before."""

OURS = "everyframe-"
"""Prefix of the names of our rules. Other rules in a bucket are kept."""

MISSING = {
    "NoSuchCORSConfiguration",
    "NoSuchLifecycleConfiguration",
    "NoSuchBucketPolicy",
    "NoSuchPublicAccessBlockConfiguration",
}


UNKNOWN_STATUS = {405, 409, 501}
"""Responses of a store that does not support a request. 409: some stores read it as creating the bucket again."""


class Command(BaseCommand):
    """Create the buckets, and set who may upload and read, and when files expire. Repeating it is harmless.

    Not all compatible stores support such rules: a missing one is reported and skipped. docs/operations.md explains
    them.
    """

    help = "Create the buckets for photos and videos if they are missing, and set their rules."

    def handle(self, *args: Any, **options: Any) -> None:
        public, private = storages["default"], storages["originals"]
        if not isinstance(public, Bucket) or not isinstance(private, Bucket):
            raise CommandError("The site stores its files in a folder: set AWS_STORAGE_BUCKET_NAME to use buckets.")
        self.refused: list[str] = []
        try:
            self.make_all(public, private)
        except BotoCoreError as error:
            raise CommandError(f"The store is unavailable: {error}") from error
        if self.refused:
            raise CommandError("\n".join(self.refused))

    def make_all(self, public: Bucket, private: Bucket) -> None:
        for bucket in (public, private):
            self.make(bucket)
        origins = sorted({_origin(address) for address in [settings.SITE_ORIGIN, *settings.CSRF_TRUSTED_ORIGINS]})
        self.set(private, "is closed to the public", _close)
        if settings.MEDIA_ACCEL_PREFIX:
            self.stdout.write(f"Give read access to {public.bucket_name} to the front server, and to no one else.")
        else:
            self.set(public, "is closed to the public", _close)
        where = ", ".join(origins)
        self.set(private, f"takes uploads from {where}", lambda bucket: _allow_cors(bucket, ["POST"], origins))
        self.set(
            public, f"is readable for scripts of {where}", lambda bucket: _allow_cors(bucket, ["GET", "HEAD"], origins)
        )
        expiry = f"deletes unfinished uploads after {KEPT_DAYS} days"
        self.set(private, expiry, lambda bucket: _let_expire(bucket, [INCOMING]))
        self.set(public, expiry, lambda bucket: _let_expire(bucket, []))

    def make(self, bucket: Bucket) -> None:
        name = bucket.bucket_name
        try:
            bucket.client.head_bucket(Bucket=name)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
                raise CommandError(f"The bucket {name} cannot be used: {error}") from error
        else:
            self.stdout.write(f"The bucket {name} exists.")
            return
        try:
            bucket.client.create_bucket(Bucket=name, **_location(bucket.client.meta.region_name))
        except ClientError as error:
            raise CommandError(f"The bucket {name} could not be created: {error}") from error
        self.stdout.write(f"Created the bucket {name}.")

    def set(self, bucket: Bucket, what: str, rule: Callable[[Bucket], None]) -> None:
        try:
            rule(bucket)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] in UNKNOWN_STATUS:
                self.stderr.write(
                    f"{bucket.bucket_name} {what}: not set, the store does not support this rule ({error})."
                )
            else:
                self.refused.append(f"{bucket.bucket_name} {what}: could not be set: {error}")
        else:
            self.stdout.write(f"{bucket.bucket_name} {what}.")


def _close(bucket: Bucket) -> None:
    """Block public access, whatever a policy or access list may say later."""
    blocks = dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True)
    bucket.client.put_public_access_block(Bucket=bucket.bucket_name, PublicAccessBlockConfiguration=blocks)


def _allow_cors(bucket: Bucket, methods: list[str], origins: list[str]) -> None:
    """Allow the scripts of our pages to use these methods (CORS)."""
    name = bucket.bucket_name
    rule = {
        "ID": f"{OURS}pages",
        "AllowedMethods": methods,
        "AllowedOrigins": origins,
        "AllowedHeaders": ["*"],
        "MaxAgeSeconds": 3600,
    }
    found = _configuration(lambda: bucket.client.get_bucket_cors(Bucket=name)) or {}
    rules = [*_others(found.get("CORSRules", [])), rule]
    bucket.client.put_bucket_cors(Bucket=name, CORSConfiguration={"CORSRules": rules})


def _let_expire(bucket: Bucket, prefixes: list[str]) -> None:
    """Let files under `prefixes` and unfinished multipart uploads expire. No listing shows the latter."""
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
    found = _configuration(lambda: bucket.client.get_bucket_lifecycle_configuration(Bucket=name)) or {}
    configuration = {"Rules": _others(found.get("Rules", [])) + rules}
    bucket.client.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration=configuration)


def _others(rules: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [rule for rule in rules if not rule.get("ID", "").startswith(OURS)]


def _configuration(ask: Callable[[], dict[str, Any]]) -> dict[str, Any] | None:
    """Return the result of `ask`, or None if the bucket has no such configuration."""
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


def _location(region: str | None) -> dict[str, Any]:
    """Return the location for creating a bucket. S3 requires it for every region but its default one."""
    return (
        {}
        if region in {None, "us-east-1", "aws-global"}
        else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    )
